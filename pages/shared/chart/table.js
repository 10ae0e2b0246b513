// The words around a plot: legend, crosshair's values and the table of all points. Text is set as text only.

function made(tag, kind = "", text = "") {
  const element = document.createElement(tag)
  if (kind) element.className = kind
  if (text) element.textContent = text
  return element
}

// "0.71 (0.55–0.83) · threshold 0.42"
function wordsAt(series, k, unit) {
  const value = exact(series.y[k], unit)
  const ends = series.low && series.low[k] !== null && series.high[k] !== null
  const between = ends ? ` (${exact(series.low[k], unit)}–${exact(series.high[k], unit)})` : ""
  const note = series.note && series.note[k] !== null ? ` · ${series.note_name} ${exact(series.note[k], "number")}` : ""
  return series.y[k] === null ? "–" : value + between + note
}

function legendOf(chart, hidden, theme, onToggle) {
  const items = chart.series.map(series => {
    const button = made("button")
    button.type = "button"
    button.setAttribute("aria-pressed", String(!hidden.has(series.name)))
    button.title = t("Show or hide")
    button.append(swatch(series, theme), made("span", "", series.name))
    if (series.detail) button.append(made("span", "detail", series.detail))
    button.onclick = () => onToggle(series.name)
    return button
  })
  if (chart.diagonal) {
    const line = made("span", "reference")
    line.append(swatch({ colour: -1, dash: 2, width: 1.5, draw: "line" }, theme), made("span", "", chart.diagonal))
    items.push(line)
  }
  const quiet = chart.series.length < 2 && !chart.series.some(series => series.detail) && !chart.diagonal
  return quiet ? [] : items
}

function fillCrosshair(box, chart, names, k, hidden, theme) {
  const rows = chart.series.filter(series => !hidden.has(series.name)).map(series => {
    const row = made("div")
    row.append(swatch(series, theme), made("span", "", series.name), made("b", "", wordsAt(series, k, chart.y_axis.unit)))
    return row
  })
  const at = exact(names ? k : chart.x[k], chart.x_axis.unit, names)
  const title = names || isTime(chart.x_axis.unit) || !chart.x_axis.title ? at : `${chart.x_axis.title} ${at}`
  box.replaceChildren(made("div", "at", title), ...rows)
}

function tableOf(chart, names, title) {
  const unit = chart.y_axis.unit
  const columns = chart.series.flatMap(series => [
    [series.name, k => exact(series.y[k], unit)],
    ...(series.low ? [[t("from"), k => exact(series.low[k], unit)], [t("to"), k => exact(series.high[k], unit)]] : []),
    ...(series.note ? [[series.note_name, k => exact(series.note[k], "number")]] : []),
  ])
  const table = made("table")
  const head = made("tr")
  for (const name of [chart.x_axis.title || "x", ...columns.map(([name]) => name)]) {
    const cell = made("th", "", name)
    cell.scope = "col"
    head.append(cell)
  }
  const body = chart.x.map((x, k) => {
    const row = made("tr")
    const first = made("th", "", exact(names ? k : x, chart.x_axis.unit, names))
    first.scope = "row"
    row.append(first, ...columns.map(([, at]) => made("td", "", at(k))))
    return row
  })
  for (const mark of chart.marks) {
    const row = made("tr")
    const first = made("th", "", `${mark.name}: ${exact(mark.x, chart.x_axis.unit, names)}`)
    first.scope = "row"
    const value = made("td", "", mark.y === null ? "" : exact(mark.y, unit))
    value.colSpan = Math.max(1, columns.length)
    row.append(first, value)
    body.push(row)
  }
  const caption = made("caption", "", title)
  const [top, rest] = [made("thead"), made("tbody")]
  top.append(head)
  rest.append(...body)
  table.append(caption, top, rest)
  return table
}
