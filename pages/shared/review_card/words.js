// A component's words in the reader's language. The English ones are the keys; {name} is filled in afterwards.

let LANGUAGE = "en"
let SPOKEN = "en" // the language whose words are here: "" while those of LANGUAGE are missing
let WORDS = Object.create(null) // without a prototype: no word is found that is not there
let PLURAL = new Intl.PluralRules("en")
let NUMBERS = new Intl.NumberFormat("en-US")
let POINT = "."

// Of what the server sends: { language, words }. A language that is spoken already comes without its words. True if
// something has changed.
function speak(data) {
  const language = data.language || "en"
  if (!data.words && language === SPOKEN) return false
  LANGUAGE = language
  WORDS = Object.assign(Object.create(null), data.words)
  SPOKEN = data.words || language === "en" ? language : ""
  PLURAL = new Intl.PluralRules(language)
  NUMBERS = new Intl.NumberFormat(language === "en" ? "en-US" : language)
  POINT = NUMBERS.formatToParts(0.5).find((part) => part.type === "decimal").value
  return true
}

const decimal = (value, digits) => value.toFixed(digits).replace(".", POINT)
const dateLocale = () => (LANGUAGE === "en" ? "en-GB" : LANGUAGE)
const dayWords = (moment) => new Date(moment).toLocaleDateString(dateLocale(), { day: "numeric", month: "short", year: "numeric" })

// A component's own words, to be said now and again later: [what says one in the language of then]. Gathered while
// nothing but its HTML is there, so that no text of people is ever taken for words of the page.
function wordsOf(root) {
  const found = []
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const [whole, words] = [node.data, node.data.trim()]
    if (words && node.parentElement.tagName !== "KBD") found.push(() => (node.data = whole.replace(words, () => t(words))))
  }
  for (const name of ["aria-label", "title", "placeholder"]) {
    for (const element of root.querySelectorAll(`[${name}]`)) {
      const words = element.getAttribute(name)
      found.push(() => element.setAttribute(name, t(words)))
    }
  }
  return found
}

// Words of a table that is made before the language is known: whoever shows them says them by t.
const later = (words) => words

const t = (words, values = {}) => filled(WORDS[words] || words, values)

// The form for so many: a catalogue has one for each of CLDR's kinds that its language knows.
function tn(one, more, many, values = {}) {
  const forms = WORDS[one]
  const own = forms && (forms[PLURAL.select(many)] || forms.other)
  return filled(own || (many === 1 ? one : more), values)
}

function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole))
}
