"""Pure steps from scenes and parcels to a labelled cube."""
