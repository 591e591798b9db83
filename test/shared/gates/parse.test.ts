import {describe, expect, it, test} from 'vitest'
import {UserError} from '#shared/errors'
import {parseGates} from '#shared/gates/parse'

const one = (text: string) => parseGates([{text}])[0]

function refusal(...texts: string[]): UserError {
  try {
    parseGates(texts.map((text, index) => ({text, at: {file: 'trainyard.yml', line: index + 3, column: 9}})))
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a gate', () => {
  test.each([
    ['roc_auc >= 0.70', 'roc_auc >= 0.70'],
    ['  roc_auc>=champion-0.05  # a margin', 'roc_auc >= champion - 0.05'],
    ['recall[gender=*] >= overall - 0.15', 'recall[gender=*] >= overall - 0.15'],
    ['recall[ race = Native American , age >= 30 ] >= 0.6', 'recall[race=Native American,age>=30] >= 0.6'],
    ['null_share("C#") <= 1%', 'null_share("C#") <= 1%'],
    ['null_share("a ""b""") <= 1 %', 'null_share("a ""b""") <= 1%'],
    ['equalized_odds_difference(gender, race) <= 0.1', 'equalized_odds_difference(gender,race) <= 0.1'],
    ['slow_rate(250ms) <= stable * 1.2', 'slow_rate(250ms) <= stable * 1.2'],
    ['roc_auc >= champion', 'roc_auc >= champion'],
    ['mean(x) >= - 1.5e-3', 'mean(x) >= -1.5e-3']
  ])('%s', (text, id) => expect(one(text).id).toBe(id))

  it('reads warn, a reference with its change, and a percentage as a hundredth', () => {
    const gate = one('warn: accuracy >= champion - 1%')
    expect(gate.warn).toBe(true)
    expect(gate.id).toBe('accuracy >= champion - 1%')
    expect(gate.bound).toEqual({reference: 'champion', change: 'plus', number: -0.01, percent: true})
    expect(one('rmse <= base * 1.02').bound).toEqual({reference: 'base', change: 'times', number: 1.02, percent: false})
  })

  it('tells a quoted star, which is a value, from the star for each value', () => {
    expect(one('recall[plan=*] >= 0.5').slice[0].any).toBe(true)
    expect(one('recall[plan="*"] >= 0.5').slice[0]).toMatchObject({value: '*', any: false})
  })

  it('leaves out blank lines and comments', () => {
    expect(parseGates([{text: ''}, {text: '  # nothing'}, {text: 'f1 >= 0.5'}]).map(gate => gate.id)).toEqual(['f1 >= 0.5'])
  })
})

describe('a bad gate', () => {
  test.each([
    ['roc_auc => 0.7', 'expected an operator', 8],
    ['roc_auc >= ', 'expected a number', 11],
    ['roc_auc >= best', 'expected a number or a reference', 11],
    ['roc_auc >= 0.7 and f1 >= 0.5', 'one gate is one comparison', 15],
    ['recall[gender=*', '"," or "]"', 15],
    ['recall[gender>*] >= 0.5', '"*" stands for each value', 15],
    ['null_share("a) <= 1%', 'this quote is not closed', 11],
    ['rmse <= champion * 5%', 'a factor is a plain number', 19],
    ['>= 0.7', 'expected the name of a metric', 0],
    ['f1 >= 1e999', 'is not finite', 6],
    ['roc_auc >= 0,7', 'expected a point before decimals, and nothing between thousands (0.7, 1000), got a comma', 12],
    ['roc_auc >= 0.7, f1', 'expected the end of the line', 14]
  ])('%s', (text, message, offset) => {
    const error = refusal(text)
    expect(error.message).toContain(message)
    expect(error.message).toContain(`trainyard.yml:3:${9 + offset}`)
    expect(error.message.split('\n').at(-1)).toBe(`    ${' '.repeat(offset)}^`)
    expect(error.kind).toBe('usage')
  })

  it('is one that asks the same as another, however the number is written', () => {
    expect(refusal('f1 >= 0.7', 'f1 >= 0.70', 'f1 >= 70%').message).toMatch(
      /yml:4:9: gate "f1 >= 0.70" is given twice[\s\S]*yml:5:9: gate "f1 >= 70%" is given twice/
    )
  })

  it('is named together with all others, and a gate given twice', () => {
    const {message} = refusal('roc_auc => 1', 'f1 >= 0.5', 'f1>=0.5 # again', 'ece')
    expect(message).toContain('trainyard.yml:3:')
    expect(message).toContain('trainyard.yml:5:9: gate "f1 >= 0.5" is given twice')
    expect(message).toContain('trainyard.yml:6:')
    expect(message).not.toContain('trainyard.yml:4:')
  })
})
