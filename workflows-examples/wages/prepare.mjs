// Makes the tables of this repository from the published file: `node prepare.mjs`. They are committed; run it again after a change.
import {createHash} from 'node:crypto'
import {readTable, writeTable} from './tables.mjs'

const COLUMNS = 'education experience age south union married gender race occupation sector wage high_wage'.split(' ')
const ANSWERS = ['wage', 'high_wage']

const published = readTable('data/published/wages.csv').rows
const wages = published.map(row => Number(row.wage)).sort((a, b) => a - b)
const median = (wages[wages.length / 2 - 1] + wages[wages.length / 2]) / 2

const people = published.map((row, index) => ({
  ...row,
  // The published file has these two inverted against the original study (18% union members, 66% married).
  union: 1 - row.union,
  married: 1 - row.married,
  high_wage: Number(row.wage) > median ? 1 : 0,
  rank: createHash('sha256')
    .update(`${index + 1}`)
    .digest('hex')
}))

// The exam is the half whose row numbers, from 1, have the smaller SHA-256. Nobody picks, and a row never changes sides.
const firstOfTraining = people.map(person => person.rank).sort()[people.length / 2]
const exam = people.filter(person => person.rank < firstOfTraining)
const training = people.filter(person => person.rank >= firstOfTraining)

// What callers of the deployed model send: the people of the exam, without the answers. Since the study its source has split a group:
// every tenth person of occupation "other" now comes as "farming", which neither table knows. Real traffic does such things.
let others = 0
const split = person => (person.occupation === 'other' && others++ % 10 === 9 ? {...person, occupation: 'farming'} : person)
const live = exam.map(split)

writeTable('data/train.csv', {columns: COLUMNS, rows: training})
writeTable('data/exam.csv', {columns: COLUMNS, rows: exam})
writeTable('traffic/live.csv', {columns: COLUMNS.filter(column => !ANSWERS.includes(column)), rows: live})
