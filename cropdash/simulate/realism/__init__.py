"""How a simulated dataset compares with real figures: measures, and checks with their bands.

Pure: tables in, tables and checks out. The real figures, and where they come from, are in
cropdash/resources/realism. What is measured of a dataset (`simulated`, by name):

classes      class_id, pixels, parcels, hectares (of its parcels)
parcels      region, area_ha, weight: the share of the parcel inside its zone
zones        region, declared_share
borders      size, pixels, border; see `measures.border_counts`
bands        crop, scope ("all" or "north"), month, band (or "NDVI"), p10, p50, p90
land         measure, value: a row a zone and measure, see `land.measure`
clear_dates  region, zone, month, clear (mean of pixels), gap (share of pixels without any); no row
             where the dataset's periods don't make up months

Bands and months are those of the dataset: checks that need others are left out, and said.
"""
