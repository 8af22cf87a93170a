// Streamlit's module that colours code, in whose place this one is asked for: see serving.py.
import { pictured } from "./pictured.js";

await pictured;
const code = await import("/static/js/" + new URL(import.meta.url).search.slice(1));
export const MAX_HIGHLIGHTED_LINES = code.MAX_HIGHLIGHTED_LINES;
export const exceedsLineLimit = code.exceedsLineLimit;
export default code.default;
