"""Networks of the Wasserstein and the usual GANs, for square pictures of 4 * 2^n pixels.

The critic halves the picture until 4x4 are left, the generator goes the other way round. The
layers are the bare ones, `Convolution` and not `Conv`, to have batch normalization before the
activation in one place and none beside it (Arjovsky et al., arXiv 1701.07875).
"""

from neonlike.initializers import Gaussian
from neonlike.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Deconvolution,
    Linear,
    Sequential,
)
from neonlike.layers.container import GenerativeAdversarial
from neonlike.models.model import GAN
from neonlike.transforms import Identity, Logistic, Rectlin, Tanh

INIT = Gaussian(scale=0.02)


def create_model(
    dis_model="dc",
    gen_model="dc",
    cost_type="wasserstein",
    noise_type="normal",
    im_size=32,
    n_chan=1,
    n_noise=128,
    n_gen_ftr=64,
    n_dis_ftr=64,
    depth=4,
    n_extra_layers=0,
    batch_norm=True,
    dis_iters=5,
    wgan_param_clamp=None,
    wgan_train_sched=False,
):
    """Return a GAN.

    Args:
        dis_model, gen_model: 'dc' (convolutions) or 'mlp'.
        cost_type: 'original', 'modified' or 'wasserstein'.
        noise_type: 'normal' or 'uniform'.
        im_size, n_chan: size and channels of the pictures.
        n_noise: numbers of noise.
        n_gen_ftr, n_dis_ftr: maps next to the picture; units per layer of an 'mlp'.
        depth: layers of an 'mlp'.
        n_extra_layers: convolutions without change of size.
        batch_norm: normalize inner layers.
        dis_iters: steps of the critic per step of the generator.
        wgan_param_clamp: bound of the critic's weights.
        wgan_train_sched: many critic steps at the beginning.
    """
    wasserstein = cost_type == "wasserstein"
    if dis_model == "dc":
        critic = dc_critic(im_size, n_dis_ftr, n_extra_layers, batch_norm)
    else:
        critic = mlp(depth, n_dis_ftr, 1)
    critic.append(Activation(Identity() if wasserstein else Logistic()))
    if gen_model == "dc":
        generator = dc_generator(im_size, n_chan, n_gen_ftr, n_extra_layers, batch_norm)
        generator.append(Activation(Tanh()))
    else:
        generator = mlp(depth, n_gen_ftr, (n_chan, im_size, im_size))
        generator.append(Activation(Identity() if wasserstein else Tanh()))
    layers = GenerativeAdversarial(
        generator=Sequential(generator, name="Generator"),
        discriminator=Sequential(critic, name="Discriminator"),
    )
    return GAN(
        layers=layers,
        noise_dim=(n_noise, 1, 1) if gen_model == "dc" else (n_noise, 1),
        noise_type=noise_type,
        k=dis_iters,
        wgan_param_clamp=wgan_param_clamp,
        wgan_train_sched=wgan_train_sched,
    )


def block(layer, batch_norm, slope):
    """Return a layer without activation, then batch normalization if asked for, then ReLU."""
    norm = [BatchNorm(rho=0.1, eps=1e-5)] if batch_norm else []
    return [layer, *norm, Activation(Rectlin(slope=slope))]


def dc_critic(im_size, maps, n_extra_layers, batch_norm):
    """Return convolutions that halve the picture until one number is left."""

    def conv(fsize, maps, stride, padding, bsum):
        return Convolution(
            (fsize, fsize, maps), strides=stride, padding=padding, init=INIT, bsum=bsum
        )

    layers = block(conv(4, maps, 2, 1, False), False, 0.2)
    for _ in range(n_extra_layers):
        layers += block(conv(3, maps, 1, 1, batch_norm), batch_norm, 0.2)
    size = im_size // 2
    while size > 4:
        maps, size = 2 * maps, size // 2
        layers += block(conv(4, maps, 2, 1, batch_norm), batch_norm, 0.2)
    return [*layers, conv(4, 1, 1, 0, False)]


def dc_generator(im_size, n_chan, maps, n_extra_layers, batch_norm):
    """Return deconvolutions that double 4x4 points until the picture has its size."""

    def deconv(fsize, maps, stride, padding, bsum):
        return Deconvolution(
            (fsize, fsize, maps), strides=stride, padding=padding, init=INIT, bsum=bsum
        )

    size, last = 4, maps
    maps = maps * (im_size // 8)
    layers = block(deconv(4, maps, 1, 0, batch_norm), batch_norm, 0.0)
    while size < im_size // 2:
        maps, size = maps // 2, 2 * size
        layers += block(deconv(4, maps, 2, 1, batch_norm), batch_norm, 0.0)
    for _ in range(n_extra_layers):
        conv = Convolution((3, 3, last), padding=1, init=INIT, bsum=batch_norm)
        layers += block(conv, batch_norm, 0.0)
    return [*layers, deconv(4, n_chan, 2, 1, False)]


def mlp(depth, units, nout):
    """Return dense layers with ReLU, and a last one without activation."""
    layers = []
    for _ in range(depth):
        layers += [Linear(units, init=INIT), Activation(Rectlin())]
    return [*layers, Linear(nout, init=INIT)]
