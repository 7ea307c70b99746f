"""One module per noun; the app includes them all."""
