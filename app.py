"""The server of all pages, and its first page, Overview: what is ready, and what to do next."""

import streamlit as st

from cropdash.ui import serving


def show() -> None:
    from cropdash import jobs
    from cropdash.config import DEMO
    from cropdash.ui import data, frame, overview, running

    frame.begin(
        "Overview", "Crop types from a year of Sentinel-2: what is ready, and what to do next."
    )
    jobs.reap()
    store = data.store()
    with frame.plainly():
        runs = store.runs()
        datasets = [store.dataset(name) for name in store.dataset_names()]
        usable = [info.name for info in datasets if info.built]
        step = overview.next_step(overview.is_building(), datasets, runs)
        overview.steps(step)
        overview.build_panel(jobs, jobs.start_build, first=not usable)

        active = [run.run_id for run in reversed(runs) if not run.status.is_final]
        if active:
            with st.container(border=True):
                frame.heading("At work")
                running.watch_queue(active, jobs)
        dataset = DEMO if DEMO in usable else next(iter(usable), None)
        if step in ("train", "training") and dataset:
            whole = not overview.is_unfinished()
            overview.train_panel(dataset, runs, jobs.start_training, first=whole)
        elif step == "judge":
            overview.judge_panel()

        best = [
            run
            for name in usable
            for model in overview.SHOWN
            if (run := overview.best_run(runs, model, name))
        ]
        if best:
            st.subheader("Models", anchor=False)
            for run, column in zip(best, st.columns(2) * len(best), strict=False):
                with column:
                    overview.model_card(run)
        settled = [info for info in datasets if info.name != DEMO or step != "building"]
        if settled:
            st.subheader("Datasets", anchor=False)
            for info in settled:
                overview.dataset_card(info)


if __name__ == "__main__":  # Streamlit runs this file as a page
    show()
else:  # and imports it for its server, which needs none of what pages load
    app = st.App(__file__, routes=serving.routes(), lifespan=serving.warm_up)
