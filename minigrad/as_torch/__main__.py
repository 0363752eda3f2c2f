"""The command line: see the package's docstring."""

import sys

USAGE = """usage: python -m minigrad.as_torch [--scan] script.py [arguments]

Runs a PyTorch script with minigrad in place of torch, torchvision and torchmetrics.
--scan   run nothing; list the names that the script uses and minigrad has not, with their lines
"""


def main(arguments):
    scanning = arguments[:1] == ["--scan"]
    arguments = arguments[scanning:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    if not arguments or arguments[0].startswith("-"):
        print(USAGE, end="", file=sys.stderr)
        return 2
    if scanning:
        from minigrad.as_torch.scan import report

        return report(arguments)
    from minigrad.as_torch.running import run

    try:
        with open(arguments[0], "rb"):
            pass
    except OSError as error:
        print(f"as_torch: can't open file {arguments[0]!r}: {error.strerror}", file=sys.stderr)
        return 2
    run(arguments[0], arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
