"""Networks from YAML files."""

from neonlike.util._yaml_parse import create_objects as create_objects
from neonlike.util._yaml_parse import format_yaml_dict as format_yaml_dict

__all__ = ["create_objects", "format_yaml_dict"]
