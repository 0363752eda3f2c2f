"""As many multiplications and additions as the network's products need, from registers: the machine's peak."""

import machine

AT_LEAST = 2e9      # operations of a thread in a step, tens of milliseconds: starting threads must not show


def make(network, threads):
    fused, operations = machine.fused()
    share = network.operations() / threads
    each = max(1, round(AT_LEAST / share))

    def step():
        machine.together(lambda _: fused(round(share * each / operations)), threads)

    step.each = each
    return step, lambda _: 0.0


def version():
    return "-"
