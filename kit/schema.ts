/** What a schema.ts imports. Apart from the rest of the kit, because schemas are bundled into the editor too. */
export {
  choice,
  choices,
  code,
  flag,
  group,
  integer,
  link,
  multiline,
  optionalQuantity,
  quantity,
  rows,
  secret,
  strings,
  text,
} from "./fields";
export { configSchema, nodeSchema } from "./node-schema";
