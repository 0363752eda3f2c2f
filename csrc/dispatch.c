/* Which build of the kernels this processor runs: the widest one it can, or the widest
 * one that MINIGRAD_ISA allows. setup.py says by MG_HAS_<isa> which builds there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minigrad.h"

struct build {
    const char *name;
    const struct mg_kernels *single, *twice; /* float and double */
    int (*runs)(void);                       /* on this processor */
};

#if defined(__x86_64__)
#define MAY_BE_UNUSED __attribute__((unused)) /* MINIGRAD_BUILD_ISAS may leave some out */
static MAY_BE_UNUSED int runs_v4(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
static MAY_BE_UNUSED int runs_v3(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
}
static MAY_BE_UNUSED int runs_v2(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}
#else
static int runs_here(void) { return 1; }
#endif

#define TABLES(isa) &mg_table_float_##isa, &mg_table_double_##isa
#define DECLARE(isa) extern const struct mg_kernels mg_table_float_##isa, mg_table_double_##isa;

#ifdef MG_HAS_V4
DECLARE(v4)
#endif
#ifdef MG_HAS_V3
DECLARE(v3)
#endif
#ifdef MG_HAS_V2
DECLARE(v2)
#endif
#ifdef MG_HAS_ARM64
DECLARE(arm64)
#endif
#ifdef MG_HAS_GENERIC
DECLARE(generic)
#endif

/* the widest first */
static const struct build builds[] = {
#ifdef MG_HAS_V4
    {"x86-64-v4", TABLES(v4), runs_v4},
#endif
#ifdef MG_HAS_V3
    {"x86-64-v3", TABLES(v3), runs_v3},
#endif
#ifdef MG_HAS_V2
    {"x86-64-v2", TABLES(v2), runs_v2},
#endif
#ifdef MG_HAS_ARM64
    {"arm64", TABLES(arm64), runs_here},
#endif
#ifdef MG_HAS_GENERIC
    {"generic", TABLES(generic), runs_here},
#endif
};
enum { BUILDS = sizeof builds / sizeof builds[0] };

static struct mg_kernels tables[2];
static const struct build *chosen;
static char error[256];

/* "x86-64-v3" is also called "v3" */
static int is_named(const struct build *build, const char *name)
{
    const char *dash = strrchr(build->name, '-');
    return strcmp(name, build->name) == 0 || (dash && strcmp(name, dash + 1) == 0);
}

static void choose(void)
{
    const char *cap = getenv("MINIGRAD_ISA");
    const struct build *best = NULL, *capped = NULL;
    int below = 0; /* the cap has been met on the way down */
    if (cap && !*cap) cap = NULL;
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (const struct build *build = builds; build < builds + BUILDS; build++) {
        below |= cap && is_named(build, cap);
        if (!build->runs()) continue;
        if (!best) best = build;
        if (below && !capped) capped = build;
    }
    chosen = capped ? capped : best;
    if (!best) {
        snprintf(error, sizeof error, "this processor does not run %s, the smallest instruction set built",
                 builds[BUILDS - 1].name);
        return;
    }
    if (cap && !capped) {
        const char *what =
            below ? "allows nothing that this processor runs" : "is not an instruction set built";
        int n = snprintf(error, sizeof error, "MINIGRAD_ISA=%.40s %s; using %s. It may be one of:", cap, what,
                         chosen->name);
        for (const struct build *build = builds; build < builds + BUILDS; build++)
            if (build->runs() && n < (int)sizeof error)
                n += snprintf(error + n, sizeof error - (size_t)n, " %s", build->name);
    }
    tables[MG_FLOAT32] = *chosen->single;
    tables[MG_FLOAT64] = *chosen->twice;
}

const struct mg_kernels *mg_tables(void)
{
    if (!chosen && !*error) choose();
    return chosen ? tables : NULL;
}

const char *mg_isa(void)
{
    mg_tables();
    return chosen ? chosen->name : "none";
}

const char *mg_isa_error(void)
{
    mg_tables();
    return *error ? error : NULL;
}

const char *mg_compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
    return "gcc " NUMBER(__GNUC__) "." NUMBER(__GNUC_MINOR__) "." NUMBER(__GNUC_PATCHLEVEL__);
#else
    return "unknown";
#endif
}
