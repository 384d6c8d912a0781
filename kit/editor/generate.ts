import { jsonSchemaOf, type NodeSchema } from "../node-schema";
import { dialog } from "./dialog";
import { docsPage, helpPage } from "./help";
import { registration } from "./registration";

export interface GeneratedFiles {
  readonly html: string;
  readonly docs: string;
  readonly jsonSchema: string;
}

/**
 * Everything that is made of a node's schema.
 * @param script the schema, bundled for the browser, which hands itself to the editor plugin
 * @param help the author's help.md
 */
export function generate(schema: NodeSchema, script: string, help: string): GeneratedFiles {
  const html = `<script type="text/javascript">
${registration(schema)}
</script>
<script type="text/javascript">
${script.replaceAll("</script", "<\\/script").trim()}
</script>
<script type="text/html" data-template-name="${schema.type}">
${dialog(schema)}
</script>
<script type="text/markdown" data-help-name="${schema.type}">
${helpPage(schema, help).replaceAll("</script", "&lt;/script")}</script>
`;
  return { html, docs: docsPage(schema, help), jsonSchema: `${JSON.stringify(jsonSchemaOf(schema), null, 2)}\n` };
}
