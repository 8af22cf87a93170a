// Streamlit's module of charts, in whose place this one is asked for: see serving.py.
import { pictured } from "./pictured.js";

await pictured;
const charts = await import("/static/js/" + new URL(import.meta.url).search.slice(1));
export const PlotlyChart = charts.PlotlyChart;
export default charts.default;
