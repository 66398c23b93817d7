// The requests to the table that the black-box tests recorded, as IAM sees them: an action, the table or an index, and the partition keys.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ACTIONS = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' };

/** The partition key of an item or of a key. */
const partition = (item) => item.pk.S;

/** The partition that a query reads: the value that its key condition compares a hash key with. */
function queried(query) {
  const [, name, placeholder] = query.KeyConditionExpression.match(/(?:^|AND\s+)\s*\(?\s*(#?\w+)\s*=\s*(:\w+)/);
  const attribute = query.ExpressionAttributeNames?.[name] ?? name;
  if (!/^(g\d)?pk$/.test(attribute)) throw new Error(`a query by ${attribute}: ${query.KeyConditionExpression}`);
  return query.ExpressionAttributeValues[placeholder].S;
}

const WORDS = ['SET', 'REMOVE', 'AND', 'OR', 'NOT', 'attribute_exists', 'attribute_not_exists', 'if_not_exists', 'contains'];

/** The top-level attributes that an update names, its key included. */
function attributes({ Key, UpdateExpression, ConditionExpression = '', ExpressionAttributeNames = {} }) {
  const paths = `${UpdateExpression} ${ConditionExpression}`.split(/[\s(),=<>+-]+/).filter((path) => /^[#A-Za-z_]/.test(path) && !WORDS.includes(path));
  const names = paths.map((path) => path.split(/[.[]/)[0]).map((name) => ExpressionAttributeNames[name] ?? name);
  return [...new Set([...Object.keys(Key), ...names])].sort();
}

/** What a request is to IAM: a batch is one access to all its items, a transaction one to each of its parts. */
export function accesses(operation, body) {
  switch (operation) {
    case 'BatchGetItem':
      return Object.values(body.RequestItems).map(({ Keys }) => ({ action: operation, keys: Keys.map(partition) }));
    case 'TransactWriteItems':
      return body.TransactItems.flatMap((item) =>
        Object.entries(item).map(([name, part]) => ({
          action: ACTIONS[name], keys: [partition(part.Item ?? part.Key)], ...(name === 'Update' && { attributes: attributes(part) }),
        })),
      );
    case 'Query':
      return [{ action: operation, index: body.IndexName, keys: [queried(body)] }];
    case 'PutItem':
      return [{ action: operation, keys: [partition(body.Item)] }];
    case 'UpdateItem':
      return [{ action: operation, keys: [partition(body.Key)], attributes: attributes(body) }];
    default:
      return [{ action: operation, keys: [partition(body.Key)] }];
  }
}

/** A key without its ids, names and texts: `I#01m8…#T` and `I#01m9…#T` are of one kind. */
export function kind(key) {
  const parts = key.split('#').map((part) => (/^[0-9a-z]{26}$/.test(part) ? 'ULID' : part));
  // Operators have names, and markers end in a text that may contain `#`.
  if (parts[0] === 'O') parts[1] = 'NAME';
  if (parts[0] === 'J') return parts.length > 1 ? 'J#N' : 'J';
  if (parts[0] === 'S') return parts.slice(0, 2).join('#');
  const fixed = parts.findIndex((part, at) => at >= 2 && /^[A-Z]$/.test(part));
  return fixed < 0 ? parts.join('#') : [...parts.slice(0, fixed + 1), ...parts.slice(fixed + 1).map(() => '*')].slice(0, fixed + 2).join('#');
}

/** One example of each kind of access by each function, by the function's logical id. */
export function recorded(folder) {
  const found = {};
  const seen = new Set();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.requests.jsonl'))) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean)) {
      const request = JSON.parse(line);
      for (const access of accesses(request.operation, request.body)) {
        const shape = [request.function, access.action, access.index, ...new Set(access.keys.map(kind)), ...(access.attributes ?? [])].join(' ');
        if (seen.has(shape)) continue;
        seen.add(shape);
        (found[request.function] ??= []).push(access);
      }
    }
  }
  return found;
}
