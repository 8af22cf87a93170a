"""A table of parcel means: dates and bands of parcels, without images and without a map."""
