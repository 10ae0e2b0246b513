// What uPlot is told. Everything that may change with the numbers is read off the plot when it is drawn.

function optionsOf(plot, width, height) {
  return {
    width, height, pxAlign: 0, legend: { show: false },
    padding: [10, 22, 0, 0],
    scales: { x: scaleOf(plot, "x"), y: scaleOf(plot, "y") },
    axes: [axisOf(plot, "x"), axisOf(plot, "y")],
    series: [{}, ...plot.chart.series.map((_, k) => seriesOf(plot, k))],
    cursor: {
      drag: { x: true, y: true, uni: 24, dist: 4, setScale: false },
      points: { size: (_u, k) => isLine(plot.chart.series[k - 1]) ? 8 : 0, width: 0, fill: (_u, k) => colourOf(plot, k - 1) },
      bind: { dblclick: () => () => { plot.zoom({ x: null, y: null }); return null } },
      ...(plot.chart.group && { sync: { key: plot.chart.group, scales: ["x", null], filters: onlyMoves } }),
    },
    hooks: {
      drawAxes: [u => {
        if (plot.chart.diagonal) drawDiagonal(u, plot.theme)
        plot.chart.series.forEach((series, k) => {
          if (u.series[k + 1].show && series.low && isLine(series)) drawBand(u, plot.xs, series, colourOf(plot, k))
        })
      }],
      drawSeries: [(u, k) => drawOwn(plot, u, k - 1)],
      draw: [u => drawMarks(u, plot.chart, plot.theme)],
      setScale: [(u, name) => { plot.area.dataset[name] = `${u.scales[name].min} ${u.scales[name].max}` }],
      setSelect: [() => plot.onSelect()],
      setCursor: [() => plot.onCursor()],
    },
  }
}

const onlyMoves = { pub: type => type === "mousemove", sub: type => type === "mousemove" }
const isLine = series => series.draw === "line" || series.draw === "steps"
const colourOf = (plot, k) => plot.theme.colour(plot.chart.series[k].colour)

function scaleOf(plot, name) {
  const { forth, back } = SCALES[plot.chart[`${name}_axis`].scale]
  const range = () => plot.range(name)
  return plot.chart[`${name}_axis`].scale === "linear" ? { time: false, range } : { time: false, range, distr: 100, fwd: forth, bwd: back }
}

function seriesOf(plot, k) {
  const series = plot.chart.series[k]
  const colour = () => colourOf(plot, k)
  const shown = { show: !plot.view.hidden.has(series.name), label: String(k) }
  if (!isLine(series)) return { ...shown, paths: () => null, points: { show: false }, stroke: colour }
  return {
    ...shown, stroke: colour, width: series.width, dash: dashOf(series), pxAlign: 0,
    paths: series.draw === "steps" ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
    points: { show: u => series.draw === "line" && sparse(u, plot), size: 5 + series.width / 2, width: 0, fill: colour },
  }
}

// Whether the points of a line stand far enough apart to be shown one by one.
const sparse = (u, plot) => u.bbox.width / devicePixelRatio >= 14 * plot.xs.filter(x => x >= u.scales.x.min && x <= u.scales.x.max).length

// Bars and points; those that are shown share the room.
function drawOwn(plot, u, k) {
  const series = plot.chart.series[k]
  if (isLine(series)) return
  const alike = plot.chart.series.filter((other, i) => other.draw === series.draw && u.series[i + 1].show)
  const place = { at: alike.indexOf(series), of: alike.length }
  if (series.draw === "bars") drawBars(u, plot.xs, series, place, plot.theme.colour(series.colour))
  else drawPoints(u, plot.xs, series, place, plot.theme)
}

function axisOf(plot, name) {
  const axis = () => plot.chart[`${name}_axis`]
  const across = name === "x"
  const names = () => across ? plot.names : null
  const written = ticks => names() ? ticks.map(k => shortened(names()[k], plot.size().width < 500 ? 14 : 20)) : labels(ticks, axis())
  return {
    stroke: () => plot.theme.soft, font: plot.theme.font, labelFont: plot.theme.font,
    grid: { stroke: () => plot.theme.grid, width: 1, show: !(across && names()), filter: (_u, ticks) => ticks }, ticks: { show: false },
    gap: 6, labelGap: 2, labelSize: 20, label: axis().title ? () => axis().title : null,
    incrs: (_u, _k, low, high) => [Math.max(5, high - low)], space: () => 1, // `splits` chooses: this only lets it
    splits: (_u, _k, low, high) => {
      if (names()) return plot.xs.filter(x => x >= low && x <= high)
      const pixels = across ? plot.size().width - 60 : plot.size().height - 50
      const each = across ? { share: 58, hour: 62, day: 62 }[axis().unit] ?? 48 : axis().scale === "logit" ? 24 : 40
      return ticksOf(axis(), low, high, Math.max(2, Math.floor(pixels / each)))
    },
    filter: (_u, ticks) => ticks, // uPlot's own leaves labels out on axes that are not linear
    values: (_u, ticks) => written(ticks),
    rotate: (u, values) => across && names() && crowded(plot, u, values) ? 38 : 0,
    size: (u, values) => {
      if (!across) return Math.ceil(widest(u, values ?? [])) + 10
      return names() && values && crowded(plot, u, values) ? Math.ceil(widest(u, values) * 0.62) + 20 : 26
    },
  }
}

const crowded = (plot, u, values) => widest(u, values) * values.length > plot.size().width - 70
const shortened = (name, most) => name.length > most ? `${name.slice(0, most - 1)}…` : name

// In CSS pixels, with a little air.
function widest(u, values) {
  u.ctx.save()
  u.ctx.font = scaledFont(u.axes[1].font[0].replace(/[\d.]+px/, "12px"))
  const width = Math.max(0, ...values.map(value => u.ctx.measureText(value ?? "").width))
  u.ctx.restore()
  return width / devicePixelRatio + 8
}

const PADS = { fixed: 0.012, free: 0.06 }

function fullX(plot) {
  const { chart, xs } = plot
  const axis = chart.x_axis
  const usable = axis.scale === "log" ? xs.filter(x => x > 0) : xs
  const wide = chart.series.some(series => !isLine(series))
  const [first, last] = [usable[0] ?? 1, usable.at(-1) ?? 1]
  if (plot.names) return [-0.6, xs.length - 0.4]
  let least = Infinity
  for (let k = 1; k < xs.length; k++) if (xs[k] > xs[k - 1]) least = Math.min(least, xs[k] - xs[k - 1])
  if (chart.series.some(series => series.draw === "bars")) {
    const half = (Number.isFinite(least) ? least : isTime(axis.unit) ? 3600 : 1) * 0.55
    return [axis.low ?? first - half, axis.high ?? last + half]
  }
  const alone = first === last && axis.scale === "linear" ? isTime(axis.unit) ? DAY : Math.abs(first) * 0.1 || 1 : 0
  return padded(axis, [first - alone, last + alone], wide ? PADS.free : 0)
}

function fullY(plot) {
  const { chart, xs, view } = plot
  const axis = chart.y_axis
  const [from, to] = view.x ?? [-Infinity, Infinity]
  const found = []
  for (const series of chart.series) {
    if (view.hidden.has(series.name)) continue
    if (series.draw === "bars" && axis.scale === "linear") found.push(0)
    for (const values of [series.y, series.low, series.high]) values?.forEach((value, k) => {
      if (value !== null && xs[k] >= from && xs[k] <= to && (axis.scale !== "log" || value > 0)) found.push(value)
    })
  }
  for (const mark of chart.marks) if (mark.y !== null && mark.x >= from && mark.x <= to) found.push(mark.y)
  let [low, high] = found.length ? [Math.min(...found), Math.max(...found)] : [0, 1]
  if (low === high && axis.scale === "linear") [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1]
  const bars = chart.series.some(series => series.draw === "bars" || series.draw === "steps")
  const ends = padded(axis, [low, high], PADS.free)
  return bars && axis.scale === "linear" && low >= 0 ? [Math.min(0, axis.low ?? 0), ends[1]] : ends
}

// Fixed ends get a hair of room, so that a line on the edge is seen whole; free ends get `room` of the span.
function padded(axis, [low, high], room) {
  const { forth, back } = SCALES[axis.scale]
  const [first, last] = [forth(axis.low ?? low), forth(axis.high ?? high)]
  const span = last - first || 1
  const air = end => span * (end === null || end === undefined ? room : PADS.fixed)
  return [back(first - air(axis.low)), back(last + air(axis.high))]
}
