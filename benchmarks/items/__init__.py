"""All benchmark items by id."""

from benchmarks.items._item import Item
from benchmarks.items.kernels import KERNELS
from benchmarks.items.nets import NETS

ITEMS: dict[str, Item] = {item.id: item for item in (*NETS, *KERNELS)}
