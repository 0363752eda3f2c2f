"""EMA and SWA: the two usual averages of a model's weights, by their names."""

from minigrad.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

__all__ = ["EMA", "SWA"]


class EMA(AveragedModel):
    """A copy of a model whose parameters are an average that forgets: the exponential moving average.

        a <- p                              at the first update_parameters(model)
        a <- decay a + (1 - decay) p        at the next

        averaged = optim.EMA(model, decay=0.999)
        for x, y in loader:
            ...
            optimizer.step()
            averaged.update_parameters(model)

    decay: in [0, 1]; 0.999 averages about the last thousand steps. use_buffers: averages floating
    buffers, too; without it they are copied. Else as AveragedModel.
    Errors: ValueError for another decay.

    Polyak and Juditsky (1992); Tarvainen and Valpola, NIPS 2017.
    """

    def __init__(self, model, decay=0.999, device=None, use_buffers=False):
        super().__init__(model, device, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=use_buffers)
        self.decay = decay

    def extra_repr(self):
        return f"decay={self.decay}"


class SWA(AveragedModel):
    """A copy of a model whose parameters are the plain average: stochastic weight averaging.

        a <- a + (p - a) / (n + 1)          at each update_parameters(model), n updates later than the first

    Call update_parameters() once an epoch after the first three quarters of training, at a high
    learning rate (lr_scheduler.SWALR), and swa_utils.update_bn(loader, averaged) at the end.
    Else as AveragedModel.

    Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, UAI 2018, arXiv:1803.05407.
    """

    def __init__(self, model, device=None, use_buffers=False):
        super().__init__(model, device, multi_avg_fn=get_swa_multi_avg_fn(), use_buffers=use_buffers)
