/** "1 device", "2 devices"; `many` for nouns whose plural is not made by an s: "2 series". */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
