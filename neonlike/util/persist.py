"""Cache folders, saved objects and class lookup."""

from neonlike.serialization._objects import load_obj as load_obj
from neonlike.serialization._objects import save_obj as save_obj
from neonlike.serialization._objects import serialize as serialize
from neonlike.serialization._registry import load_class as load_class
from neonlike.util._cache_dirs import ensure_dirs_exist as ensure_dirs_exist
from neonlike.util._cache_dirs import get_cache_dir as get_cache_dir
from neonlike.util._cache_dirs import get_data_cache_dir as get_data_cache_dir
from neonlike.util._cache_dirs import get_data_cache_or_nothing as get_data_cache_or_nothing

__all__ = [
    "ensure_dirs_exist",
    "get_cache_dir",
    "get_data_cache_dir",
    "get_data_cache_or_nothing",
    "load_class",
    "load_obj",
    "save_obj",
    "serialize",
]
