import {describe, expect, it, test} from 'vitest'
import {parseMetrics} from '#shared/metrics/metrics-file'

describe('a metrics file', () => {
  it('is an object of numbers', () => expect({...parseMetrics('{"rmse": 1.5, "n": 3}', 'metrics.json')}).toEqual({rmse: 1.5, n: 3}))

  test.each([
    ['{"a": NaN}', 'metrics.json line 1: NaN is not JSON; metric a is not a number'],
    ['{\n "b": 1,\n "a": -Infinity}', 'metrics.json line 3: -Infinity is not JSON; metric a is not a number'],
    ['{"NaN": 1, "a": }', 'metrics.json: not JSON'],
    ['{"a": null}', 'metric a is null, not a number'],
    ['{"a": ""}', 'metric a is "", not a number'],
    ['{"a": []}', 'metric a is a list, not a number'],
    ['{"a": {}}', 'metric a is an object, not a number'],
    ['{"a": true}', 'metric a is true, not a number'],
    ['{"a": "0.04"}', 'metric a is "0.04", not a number'],
    ['{"a": 1e999}', 'metric a is not finite'],
    ['{"acc": 0.99,\n "acc": 0.1}', 'metrics.json line 2: "acc" is given twice'],
    ['{"a b": 1}', 'metric a b is no name that a gate can hold'],
    ['{}', 'metrics.json: no metrics'],
    ['[1]', 'expected an object of numbers, got a list'],
    ['null', 'expected an object of numbers, got null'],
    ['', 'metrics.json: not JSON']
  ])('%j is refused', (text, message) => expect(() => parseMetrics(text, 'metrics.json')).toThrow(message))

  it('takes constructor for an ordinary name and pollutes nothing', () => {
    expect(parseMetrics('{"constructor": 1, "toString": 2}', 'm')).toMatchObject({constructor: 1, toString: 2})
    expect(() => parseMetrics('{"__proto__": 1}', 'm')).toThrow('metric __proto__ is no name that a gate can hold')
    expect(({} as {polluted?: number}).polluted).toBeUndefined()
  })

  it('names every mistake at once', () => expect(() => parseMetrics('{"a": null, "b": "x"}', 'm')).toThrow(/metric a[\s\S]*metric b/))
})
