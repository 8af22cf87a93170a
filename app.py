"""The server of all pages, and its first page, Overview: what is ready, and what to do next."""

import streamlit as st

from cropdash.ui.shell import guard, manual, serving


def show() -> None:
    from cropdash.i18n import say
    from cropdash.jobs import launch
    from cropdash.settings import classifiers
    from cropdash.settings.folders import DEMO
    from cropdash.ui.overview import cards, record
    from cropdash.ui.shell import data, frame
    from cropdash.ui.widgets import damage, job_watch

    frame.begin(
        "Overview", "Crop types from a year of Sentinel-2: what is ready, and what to do next."
    )
    launch.reap()
    store = data.store()
    with frame.plainly():
        runs = store.runs()
        datasets = [store.dataset(name) for name in store.dataset_names()]
        usable = [info.name for info in datasets if info.built]
        step = cards.next_step(cards.is_building(), datasets, runs)
        cards.steps(step)
        damage.show()
        cards.build_panel(launch, launch.start_build, first=not usable)

        active = [run.run_id for run in reversed(runs) if not run.status.is_final]
        if active:
            with st.container(border=True):
                frame.heading(say("At work"))
                job_watch.watch_queue(active, launch)
        dataset = DEMO if DEMO in usable else next(iter(usable), None)
        if step in ("train", "training") and dataset:
            whole = not cards.is_unfinished()
            cards.train_panel(dataset, runs, launch.start, first=whole)
        elif step == "judge":
            cards.judge_panel(runs)

        best = [
            run
            for name in usable
            for kind in classifiers.kinds()
            if (run := cards.best_run(runs, kind.name, name))
        ]
        if best:
            st.header(say("Models"), anchor=False)
            for run in best:
                cards.model_card(run)
        settled = [info for info in datasets if info.name != DEMO or step != "building"]
        if settled:
            st.header(say("Datasets"), anchor=False)
            for info in settled:
                cards.dataset_card(info)
    record.show()


if __name__ == "__main__":  # Streamlit runs this file as a page
    show()
else:  # and imports it for its server, which needs none of what pages load
    from cropdash.jobs import documentation

    app = st.App(
        __file__,
        routes=[*serving.routes(), *manual.routes(documentation)],
        lifespan=serving.warm_up,
        middleware=guard.middleware(),
    )
