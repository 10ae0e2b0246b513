// What uPlot does not draw: bands, bars, points with error bars, marks and the diagonal. Positions are canvas pixels.

const clipped = (u, draw) => {
  const { ctx, bbox } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  draw(ctx)
  ctx.restore()
}
const xAt = (u, value) => u.valToPos(value, "x", true)
const yAt = (u, value) => u.valToPos(value, "y", true)

// The shaded 95 % band; a gap in its ends is a gap in it.
function drawBand(u, xs, series, colour) {
  const { low, high, draw } = series
  const runs = []
  xs.forEach((_, k) => {
    if (low[k] === null || high[k] === null) runs.push([])
    else (runs.length ? runs.at(-1) : (runs[0] = [])).push(k)
  })
  clipped(u, ctx => {
    ctx.fillStyle = colour
    ctx.globalAlpha = 0.16
    for (const run of runs.filter(run => run.length > 1)) {
      const edge = (ends, places) => places.flatMap((k, n) => {
        const at = [xAt(u, xs[k]), yAt(u, ends[k])]
        if (draw !== "steps" || !n) return [at]
        const before = places[n - 1]
        return [before < k ? [at[0], yAt(u, ends[before])] : [xAt(u, xs[before]), at[1]], at]
      })
      ctx.beginPath()
      for (const [x, y] of [...edge(high, run), ...edge(low, [...run].reverse())]) ctx.lineTo(x, y)
      ctx.fill()
    }
  })
}

// Pixels between neighbours on x: what bars and points that stand side by side have to share.
function roomOf(u, xs) {
  let least = Infinity
  for (let k = 1; k < xs.length; k++) if (xs[k] > xs[k - 1]) least = Math.min(least, xAt(u, xs[k]) - xAt(u, xs[k - 1]))
  return Math.min(least, 80 * devicePixelRatio, u.bbox.width)
}

function drawBars(u, xs, series, place, colour) {
  const room = roomOf(u, xs) * 0.84
  const width = Math.max(1, room / place.of)
  clipped(u, ctx => {
    ctx.fillStyle = colour
    series.y.forEach((value, k) => {
      if (value === null) return
      const left = xAt(u, xs[k]) - room / 2 + place.at * width
      const [top, bottom] = [yAt(u, value), yAt(u, 0)]
      ctx.fillRect(left, Math.min(top, bottom), Math.max(1, width - (place.of > 1 ? 1 : 0)), Math.abs(bottom - top))
    })
  })
  if (series.low) drawWhiskers(u, xs, series, k => xAt(u, xs[k]) - room / 2 + (place.at + 0.5) * width, colour)
}

function drawWhiskers(u, xs, series, at, colour) {
  const cap = 3 * devicePixelRatio
  clipped(u, ctx => {
    ctx.strokeStyle = colour
    ctx.lineWidth = 1.25 * devicePixelRatio
    ctx.beginPath()
    xs.forEach((_, k) => {
      if (series.low[k] === null || series.high[k] === null) return
      const [x, low, high] = [at(k), yAt(u, series.low[k]), yAt(u, series.high[k])]
      ctx.moveTo(x, low)
      ctx.lineTo(x, high)
      for (const end of [low, high]) {
        ctx.moveTo(x - cap, end)
        ctx.lineTo(x + cap, end)
      }
    })
    ctx.stroke()
  })
}

function drawPoints(u, xs, series, place, theme) {
  const colour = theme.colour(series.colour)
  const shift = place.of > 1 ? (place.at - (place.of - 1) / 2) * Math.min(roomOf(u, xs) / (place.of + 1), 14 * devicePixelRatio) : 0
  const at = k => xAt(u, xs[k]) + shift
  if (series.low) drawWhiskers(u, xs, series, at, colour)
  series.y.forEach((value, k) => {
    if (value !== null) dot(u, at(k), yAt(u, value), { shape: shapeOf(series), colour, back: theme.back, hollow: series.hollow[k] })
  })
}

// A point that lies within the plot or on its edge.
function dot(u, x, y, { shape, colour, back, hollow, size = 4 }) {
  const { ctx, bbox } = u
  const r = size * devicePixelRatio
  if (x < bbox.left - r || x > bbox.left + bbox.width + r || y < bbox.top - r || y > bbox.top + bbox.height + r) return
  const corners = {
    square: [[-1, -1], [1, -1], [1, 1], [-1, 1]], diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
    triangle: [[0, -1.3], [1.2, 1], [-1.2, 1]],
  }[shape]
  ctx.save()
  ctx.beginPath()
  if (corners) for (const [dx, dy] of corners) ctx.lineTo(x + dx * r, y + dy * r)
  else ctx.arc(x, y, r, 0, 2 * Math.PI)
  ctx.closePath()
  ctx.fillStyle = hollow ? back : colour
  ctx.strokeStyle = colour
  ctx.lineWidth = 1.75 * devicePixelRatio
  ctx.fill()
  ctx.stroke()
  ctx.restore()
}

// Vertical lines and single dots, with their names.
function drawMarks(u, chart, theme) {
  const { ctx, bbox } = u
  for (const mark of chart.marks) {
    const x = xAt(u, mark.x)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    const colour = mark.colour < 0 ? theme.text : theme.colour(mark.colour)
    ctx.save()
    ctx.font = scaledFont(theme.bold)
    const left = x > bbox.left + bbox.width * 0.6
    ctx.textAlign = left ? "right" : "left"
    if (mark.y === null) {
      ctx.strokeStyle = colour
      ctx.lineWidth = 1.5 * devicePixelRatio
      ctx.setLineDash([4, 3].map(length => length * devicePixelRatio))
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
    } else dot(u, x, yAt(u, mark.y), { colour, back: theme.back, size: 5 })
    const y = mark.y === null ? bbox.top + 8 * devicePixelRatio : yAt(u, mark.y)
    if (y > bbox.top - 1 && y < bbox.top + bbox.height + 1) {
      ctx.textBaseline = "middle"
      ctx.lineWidth = 4 * devicePixelRatio
      ctx.lineJoin = "round"
      ctx.strokeStyle = theme.back
      ctx.fillStyle = theme.text
      ctx.setLineDash([])
      const away = (mark.y === null ? 5 : 10) * devicePixelRatio * (left ? -1 : 1)
      ctx.strokeText(mark.name, x + away, y)
      ctx.fillText(mark.name, x + away, y)
    }
    ctx.restore()
  }
}

function drawDiagonal(u, theme) {
  clipped(u, ctx => {
    ctx.strokeStyle = theme.muted
    ctx.lineWidth = 1.25 * devicePixelRatio
    ctx.setLineDash([2, 4].map(length => length * devicePixelRatio))
    ctx.beginPath()
    const low = Math.max(u.scales.x.min, u.scales.y.min), high = Math.min(u.scales.x.max, u.scales.y.max)
    ctx.moveTo(xAt(u, low), yAt(u, low))
    ctx.lineTo(xAt(u, high), yAt(u, high))
    ctx.stroke()
  })
}

const scaledFont = font => font.replace(/(\d+)px/, (_, size) => `${size * devicePixelRatio}px`)
