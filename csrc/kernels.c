/* One build of all kernels: for the dtype MG_DOUBLE says (0 float, 1 double) and for the
 * instruction set the compiler was told, gathered in the table named MG_TABLE. setup.py
 * compiles this file once for each pair; dispatch.c chooses among the tables.
 *
 * One translation unit, so that a kernel is a plain static function with its plain name
 * and calls its neighbours inline. */
#ifndef MG_DOUBLE
#define MG_DOUBLE 0
#endif
#ifndef MG_TABLE
#define MG_TABLE mg_table_float
#endif
#if MG_DOUBLE
#define real double
#else
#define real float
#endif

#include "minigrad.h"
#include "simd.h"
#include "wide.h"

#define MG_KERNEL(result, name, parameters) static result mg_##name parameters;
#include "kernels.h"
#undef MG_KERNEL

#include "gemm.c"
#include "gemm_pack.c"
#include "gemm_blocks.c"
#include "gemm_few.c"
#include "gemm_product.c"
#include "elementwise.c"
#include "activations.c"
#include "reduce.c"
#include "extreme.c"
#include "linear.c"
#include "softmax.c"
#include "norm.c"
#include "batch_norm.c"
#include "layer_norm.c"
#include "optim.c"
#include "random.c"

extern const struct mg_kernels MG_TABLE;
const struct mg_kernels MG_TABLE = {
#define MG_KERNEL(result, name, parameters) .name = mg_##name,
#include "kernels.h"
#undef MG_KERNEL
};
