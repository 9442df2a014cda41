// Charts, drawn as SVG: what they show is said in words too.

import { html, nothing, svg } from "../lit-html/lit-html.js";
import { count } from "./paging.js";

const [WIDTH, HEIGHT] = [300, 72];

export function histogram({ edges, counts }, name) {
  const most = Math.max(...counts, 1);
  const step = WIDTH / counts.length;
  const range = (index) => `${shown(edges[index])} to ${shown(edges[index + 1])}`;
  const highest = counts.indexOf(Math.max(...counts));
  const bar = (number, index) => {
    const height = number ? Math.max(1, (number / most) * HEIGHT) : 0;
    return svg`<rect x=${index * step} y=${HEIGHT - height} width=${Math.max(step - 1, 0.5)} height=${height}>
      <title>${range(index)}: ${count(number)}</title></rect>`;
  };
  return html`<figure class="histogram">
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label=${`Histogram of ${name}: most values, ${count(counts[highest])}, are ${range(highest)}`}>${counts.map(bar)}</svg>
    <figcaption><bdi>${shown(edges[0])}</bdi><bdi>${shown(edges.at(-1))}</bdi></figcaption>
  </figure>`;
}

// Values with how often they are, the longest bar first.
export function frequencies(entries, href) {
  const most = Math.max(...entries.map((entry) => entry.count), 1);
  return html`<table class="frequencies"><tbody>${entries.map(
    (entry) => html`<tr>
      <th scope="row"><a href=${href(entry.value)}><bdi>${entry.value === "" ? "(empty)" : shown(entry.value)}</bdi></a></th>
      <td class="number">${count(entry.count)}</td>
      <td aria-hidden="true"><svg viewBox="0 0 100 8" preserveAspectRatio="none"><rect width=${(entry.count / most) * 100} height="8"></rect></svg></td>
    </tr>`,
  )}</tbody></table>`;
}

export function shown(value) {
  if (value === null || value === undefined) return nothing;
  if (typeof value !== "number") return String(value);
  return value.toLocaleString(undefined, { maximumSignificantDigits: 6, useGrouping: "min2" });
}
