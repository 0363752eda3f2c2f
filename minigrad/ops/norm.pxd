"""What Sequential calls without a detour through Python."""
from minigrad.tensor cimport Tensor


# batch_norm_of(); relu: what comes out goes through max(., 0), in the same operation where input is (N, C)
cdef Tensor batch_norm_layer(Tensor input, Tensor running_mean, Tensor running_var, Tensor batches, Tensor weight,
                             Tensor bias, bint training, object momentum, double eps, bint relu)
cdef Tensor layer_norm_layer(Tensor input, object normalized_shape, Tensor weight, Tensor bias, double eps, bint relu)
