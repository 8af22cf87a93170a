"""Data: build a dataset from a source, see what is built, and judge the simulation."""

from cropdash import jobs, reports
from cropdash.language import say
from cropdash.ui import building, coverage, data, frame, realism, sources, state

frame.begin(
    "Data", "Build a dataset; see what is built, what is missing, what failed and why; go on."
)
names = building.names()
view = building.choose_view(empty=not names)

with frame.plainly():
    if view == building.NEW:
        sources.new_build(data.store().dataset_names(), jobs.command_line, jobs.start_build)
    elif view == building.ZONES:
        if not names:
            frame.stop_with(say("There is no dataset yet: choose 'New dataset' and build one."))
        chosen = state.choose(say("Dataset"), "dataset", names)
        building.watch(chosen, jobs)
        if chosen in data.store().dataset_names():
            coverage.show(chosen)
    else:
        simulated = realism.datasets()
        if not simulated:
            frame.stop_with(say("There is no simulated dataset yet: build one, then compare it."))
        chosen = state.choose(say("Simulated dataset"), "dataset", simulated)
        realism.show(chosen, reports.make)
