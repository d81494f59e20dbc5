"""Tables about a run and its machine."""

from neonlike.util._display import add_param_to_output as add_param_to_output
from neonlike.util._display import display_cpu_information as display_cpu_information
from neonlike.util._display import display_model_params as display_model_params
from neonlike.util._display import display_platform_information as display_platform_information

__all__ = [
    "add_param_to_output",
    "display_cpu_information",
    "display_model_params",
    "display_platform_information",
]
