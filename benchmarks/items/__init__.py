"""All benchmark items by id."""

from benchmarks.items._item import Item
from benchmarks.items.elementwise import ELEMENTWISE
from benchmarks.items.kernels import KERNELS
from benchmarks.items.nets import NETS
from benchmarks.items.scaling import SCALING
from benchmarks.items.spatial import SPATIAL
from benchmarks.items.trees import TREES
from benchmarks.items.zoo import ZOO

ITEMS: dict[str, Item] = {
    item.id: item for item in (*NETS, *KERNELS, *TREES, *SPATIAL, *ELEMENTWISE, *SCALING, *ZOO)
}
