// Colours from Streamlit's theme, dash patterns and shapes that tell series apart without colour.

const DASHES = [[], [9, 4], [2, 3], [10, 3, 2, 3], [5, 3], [14, 3, 3, 3, 3, 3]]
const SHAPES = ["circle", "square", "diamond", "triangle"]
const FALLBACK = ["#1D4ED8", "#B45309", "#047857", "#BE185D", "#6D28D9", "#0E7490"]

const numberOf = series => series.colour < 0 ? 0 : series.colour
const dashOf = series => DASHES[(series.dash ?? numberOf(series)) % DASHES.length]
const shapeOf = series => SHAPES[numberOf(series) % SHAPES.length]

// The theme as it stands now, read off the holder: it changes when the reader changes it.
function themeOf(holder) {
  const css = getComputedStyle(holder)
  const value = (name, otherwise) => css.getPropertyValue(name).trim() || otherwise
  const listed = value("--st-chart-categorical-colors", "").split(/,(?![^(]*\))/).map(c => c.trim()).filter(Boolean)
  const text = value("--st-text-color", css.color)
  const mix = share => `color-mix(in srgb, ${text} ${share}%, transparent)`
  const colours = listed.length ? listed : FALLBACK
  return {
    text, muted: mix(55), soft: mix(75), grid: mix(12), back: value("--st-background-color", "#fff"),
    font: `12px ${value("--st-font", "sans-serif")}`, bold: `600 12px ${value("--st-font", "sans-serif")}`,
    colour: number => number < 0 ? mix(50) : colours[number % colours.length],
  }
}

// A small picture of how a series is drawn, for legend and crosshair.
function swatch(series, theme) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  const add = (tag, attributes) => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", tag)
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value)
    made.append(part)
  }
  const colour = theme.colour(series.colour)
  made.setAttribute("viewBox", "0 0 24 10")
  made.setAttribute("aria-hidden", "true")
  if (series.draw === "bars") add("rect", { x: 5, y: 0, width: 14, height: 10, rx: 1, fill: colour })
  else if (series.draw === "points") {
    const shapes = {
      circle: "M12 1a4 4 0 1 0 .01 0z", square: "M8 1h8v8h-8z", diamond: "M12 0l5 5-5 5-5-5z", triangle: "M12 0l5 9h-10z",
    }
    add("path", { d: shapes[shapeOf(series)], fill: colour })
  } else {
    const dash = dashOf(series).join(" ")
    add("path", { d: "M0 5h24", stroke: colour, "stroke-width": Math.max(2, series.width), "stroke-dasharray": dash })
  }
  return made
}
