"""The design system: from plain values to what a component draws."""
