"""The screens, which speak with the control plane by HTTP."""
