// A component's words in the reader's language. The English ones are the keys; {name} is filled in afterwards.

let LANGUAGE = "en"
let WORDS = {}
let PLURAL = new Intl.PluralRules("en")

// Of what the server sends: { language, words }. English brings no words, for they are the keys.
function speak(data) {
  LANGUAGE = data.language || "en"
  WORDS = data.words || {}
  PLURAL = new Intl.PluralRules(LANGUAGE)
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
