"""Generator and discriminator in one container (spec layers 10.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._container import LayerContainer
from neonlike.layers._errors import describe
from neonlike.layers._sequential import Sequential

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class GenerativeAdversarial(Sequential):
    """Two networks; the discriminator reads data or the generator's outputs.

    ``fprop`` and ``bprop`` are those of ``generator`` and ``discriminator``.

    Args:
        generator, discriminator: Sequentials.
    """

    def __init__(self, generator: Any, discriminator: Any, name: str | None = None) -> None:
        for part in (generator, discriminator):
            if not isinstance(part, Sequential):
                raise TypeError(
                    "GenerativeAdversarial needs two Sequentials (generator and discriminator), "
                    f"got {part!r}"
                )
        super().__init__(generator.layers + discriminator.layers, name)
        self.generator = generator
        self.discriminator = discriminator
        for part in (generator, discriminator):
            part.position = f"part of {describe(self)}"

    @classmethod
    def gen_class(cls, pdict: Mapping[str, Any]) -> Self:
        """Rebuild from a description; its flat list of layers is left to ``load_weights``."""
        config = {key: cls.recursive_gen(pdict, key) for key in pdict if key != "layers"}
        return cls(**config)

    def nested_str(self, level: int = 0) -> str:
        """Return the class name and, indented below, both networks."""
        lines = ["  " * level + self.classnm]
        for title, part in (("Generator", self.generator), ("Discriminator", self.discriminator)):
            lines.append("  " * (level + 1) + title)
            lines += [layer.nested_str(level + 2) for layer in part.layers]
        return "\n".join(lines)

    def configure(self, in_obj: Any) -> Self:
        """Configure the generator, then the discriminator for the generator's outputs."""
        LayerContainer.configure(self, in_obj)
        self.generator.configure(in_obj)
        self.discriminator.configure(self.generator.layers[-1])
        self.layers = self.generator.layers + self.discriminator.layers
        self.out_shape = self.discriminator.out_shape
        return self
