// Scales, ticks and how numbers read. Axes are those of spec.py: { title, scale, unit, low, high }.

const DAY = 86400
const logit = p => Math.log(p / (1 - p))
const SCALES = {
  linear: { forth: v => v, back: v => v },
  log: { forth: v => Math.log10(Math.max(v, 1e-300)), back: v => 10 ** v },
  logit: { forth: v => logit(Math.min(Math.max(v, 1e-12), 1 - 1e-12)), back: v => 1 / (1 + Math.exp(-v)) },
}
const LOGIT_TICKS = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999]
const HOURS = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 2880, 8760].map(hours => hours * 3600)
const DAYS = [1, 2, 3, 7, 14, 28, 56, 91, 182, 364, 728].map(days => days * DAY)

const write = (options) => new Intl.NumberFormat(LANGUAGE === "en" ? "en-US" : LANGUAGE, options)
const whole = value => write({ maximumFractionDigits: 0 }).format(value)
const moment = (seconds, options) =>
  new Intl.DateTimeFormat(LANGUAGE === "en" ? "en-GB" : LANGUAGE, { timeZone: "UTC", ...options }).format(new Date(seconds * 1000))
const dayOf = seconds => moment(seconds, { day: "numeric", month: "short" })
const isTime = unit => unit === "day" || unit === "hour"

// A number as the reader of a value wants it: four digits that matter.
function exact(value, unit, names) {
  if (value === null || value === undefined) return "–"
  if (names) return names[value]
  if (unit === "share") return `${exact(value * 100, "number")} %`
  if (unit === "count") return whole(value)
  if (unit === "day") return moment(value, { weekday: "short", day: "numeric", month: "short", year: "numeric" })
  if (unit === "hour") return moment(value, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) + " UTC"
  const size = Math.abs(value)
  if (size >= 1000) return whole(value)
  if (size && size < 1e-4) return value.toExponential(2)
  return write({ maximumSignificantDigits: size >= 0.1 ? 4 : 3 }).format(value)
}

// Tick labels: as few digits as tell neighbours apart.
function labels(ticks, { unit, scale }) {
  if (scale !== "linear") return ticks.map(tick => exact(tick, unit))
  if (unit === "day") return ticks.map(dayOf)
  if (unit === "hour") return ticks.map(at => at % DAY ? moment(at, { hour: "2-digit", minute: "2-digit" }) : dayOf(at))
  const factor = unit === "share" ? 100 : 1
  const gap = Math.min(...ticks.slice(1).map((tick, k) => Math.abs(tick - ticks[k]) * factor))
  return ticks.map(tick => {
    const value = tick * factor
    const near = Math.min(gap, Math.abs(value) || gap)
    const digits = Number.isFinite(near) && near > 0 ? Math.min(6, Math.max(0, Math.ceil(-Math.log10(near) - 1e-9))) : 2
    const text = Math.abs(value) >= 1e6 ? write({ notation: "compact", maximumFractionDigits: 1 }).format(value)
      : write({ maximumFractionDigits: digits }).format(value)
    return unit === "share" ? `${text} %` : text
  })
}

// At most about `room` ticks between two values of an axis.
function ticksOf(axis, low, high, room) {
  const inside = list => list.filter(tick => tick >= low - 1e-12 && tick <= high + 1e-12)
  if (isTime(axis.unit)) return inside(timeTicks(axis.unit, low, high, room))
  if (axis.scale === "logit") {
    const found = inside(LOGIT_TICKS)
    const thinned = found.length <= room ? found : found.filter(tick => tick === 0.5 || LOGIT_TICKS.indexOf(tick) % 2)
    if (found.length > 1) return thinned
  }
  if (axis.scale === "log") {
    const found = inside(decades(low, high, room))
    if (found.length > 1) return found
  }
  return inside(niceTicks(low, high, room, axis.unit === "count"))
}

function niceTicks(low, high, room, whole) {
  const rough = (high - low) / Math.max(room, 1)
  const power = 10 ** Math.floor(Math.log10(rough))
  let step = [1, 2, 5, 10].map(times => times * power).find(size => size >= rough * 0.9)
  if (whole) step = Math.max(1, step)
  const first = Math.ceil(low / step - 1e-9)
  const count = Math.floor(high / step + 1e-9) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, k) => Number(((first + k) * step).toPrecision(12)))
}

function decades(low, high, room) {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))]
  const every = Math.max(1, Math.ceil((to - from) / Math.max(room, 1)))
  const within = every > 1 || (to - from) * 3 > room ? [1] : [1, 2, 5]
  const found = []
  for (let power = from; power <= to; power += every) found.push(...within.map(times => Number(`${times}e${power}`)))
  return found
}

function timeTicks(unit, low, high, room) {
  const sizes = unit === "day" ? DAYS : HOURS
  const step = sizes.find(size => (high - low) / size <= room) ?? sizes.at(-1)
  const origin = step > DAY ? Math.ceil(low / DAY) * DAY : 0
  const first = Math.ceil((low - origin) / step)
  const count = Math.floor((high - origin) / step) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, k) => origin + (first + k) * step)
}
