"""The Explore page: a zone, a parcel's year, the whole dataset."""
