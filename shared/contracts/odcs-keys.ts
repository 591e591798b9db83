/** Keys of the Open Data Contract Standard 3.x, by the part of the document in which they may stand. */
const ANYWHERE = ['id', 'tags', 'customProperties', 'authoritativeDefinitions', 'description']
const ELEMENT = [
  ...ANYWHERE,
  'name',
  'physicalName',
  'physicalType',
  'businessName',
  'logicalType',
  'logicalTypeOptions',
  'quality',
  'relationships',
  'properties'
]

export const DOCUMENT = [
  ...ANYWHERE,
  'apiVersion',
  'kind',
  'version',
  'status',
  'name',
  'tenant',
  'domain',
  'dataProduct',
  'contractCreatedTs',
  'schema',
  'servers',
  'support',
  'price',
  'team',
  'roles',
  'slaProperties',
  'slaDefaultElement'
]

export const OBJECT = [...ELEMENT, 'dataGranularityDescription']

export const PROPERTY = [
  ...ELEMENT,
  'items',
  'required',
  'unique',
  'primaryKey',
  'primaryKeyPosition',
  'partitioned',
  'partitionKeyPosition',
  'classification',
  'encryptedName',
  'transformSourceObjects',
  'transformLogic',
  'transformDescription',
  'examples',
  'criticalDataElement'
]

export const OPERATORS = [
  'mustBe',
  'mustNotBe',
  'mustBeGreaterThan',
  'mustBeGreaterOrEqualTo',
  'mustBeLessThan',
  'mustBeLessOrEqualTo',
  'mustBeBetween',
  'mustNotBeBetween'
] as const

export const QUALITY = [
  ...ANYWHERE,
  ...OPERATORS,
  'name',
  'type',
  'metric',
  'rule',
  'arguments',
  'unit',
  'severity',
  'dimension',
  'businessImpact',
  'method',
  'scheduler',
  'schedule',
  'query',
  'engine',
  'implementation'
]
