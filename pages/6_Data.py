"""Data: build a dataset from a source, see what is built, and judge the simulation."""

from cropdash.i18n import say
from cropdash.jobs import launch, place, report
from cropdash.ui.datasets import coverage, form, origin, place_form, realism, watch
from cropdash.ui.shell import address, data, frame
from cropdash.ui.widgets import damage

MENU_ICON = ":material/database:"

frame.begin(
    "Data", "Build a dataset; see what is built, what is missing, what failed and why; go on."
)
names = watch.names()
view = watch.choose_view(empty=not (names or data.store().damaged()))

with frame.plainly():
    if view == watch.PLACE:
        place_form.real_place(data.store().taken_names(), place, launch.start_build)
    elif view == watch.NEW:
        form.new_build(data.store().taken_names(), launch.command_line, launch.start_build)
    elif view == watch.ZONES:
        if not names:
            damage.stop_with(say("There is no dataset yet: choose 'New dataset' and build one."))
        chosen = address.choose(say("Dataset"), "dataset", names)
        watch.watch(chosen, launch)
        if chosen in data.store().dataset_names():
            coverage.show(chosen)
            origin.show(chosen)
        damage.show()
    else:
        simulated = realism.datasets()
        if not simulated:
            damage.stop_with(say("There is no simulated dataset yet: build one, then compare it."))
        chosen = address.choose(say("Simulated dataset"), "dataset", simulated)
        realism.show(chosen, report.make)
