"""What a deployment may choose: `tieout.toml`, `TIEOUT_…` variables and a secrets directory, checked at start."""

from control_plane.settings.loading import load_settings
from control_plane.settings.sections import ConfigurationError, Settings

__all__ = ["ConfigurationError", "Settings", "load_settings"]
