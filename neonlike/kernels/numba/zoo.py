"""Sweeps of the recurrent zoo, a whole sequence in one call; for the arguments see the reference.

BPTT in chunks      delta_t = act'(h_t) * (err_t + w^T delta_{t+1})  (spec zoo 2)
deep transition     z^l = act_l(... + W_l z^{l-1} + S_l h_{t-1})     (spec zoo 3)
Jordan              s_{t+1} = alpha s_t + y_t                        (spec zoo 2)
LSTM of 1997, and the variants of the vanilla LSTM                   (spec zoo 4)
"""

from neonlike.kernels.numba._zoo_jordan import jordan_bprop as jordan_bprop
from neonlike.kernels.numba._zoo_jordan import jordan_fprop as jordan_fprop
from neonlike.kernels.numba._zoo_lstm97 import lstm97_bprop as lstm97_bprop
from neonlike.kernels.numba._zoo_lstm97 import lstm97_fprop as lstm97_fprop
from neonlike.kernels.numba._zoo_online import lstm97_online as lstm97_online
from neonlike.kernels.numba._zoo_transition import chunked_bprop as chunked_bprop
from neonlike.kernels.numba._zoo_transition import transition_bprop as transition_bprop
from neonlike.kernels.numba._zoo_transition import transition_fprop as transition_fprop
from neonlike.kernels.numba._zoo_variant import variant_bprop as variant_bprop
from neonlike.kernels.numba._zoo_variant import variant_fprop as variant_fprop

__all__ = [
    "chunked_bprop",
    "jordan_bprop",
    "jordan_fprop",
    "lstm97_bprop",
    "lstm97_fprop",
    "lstm97_online",
    "transition_bprop",
    "transition_fprop",
    "variant_bprop",
    "variant_fprop",
]
