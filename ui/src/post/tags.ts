/** The tags of many posts, the most used first: there is no index of tags to ask. */
export function countTags(lists: string[][]): string[] {
  const counts = new Map<string, number>()
  for (const tag of lists.flat()) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1]).map(([tag]) => tag)
}
