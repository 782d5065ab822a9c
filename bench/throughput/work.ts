/** The tiniest work there is, the same for every competitor: what is left is the cost of handing it over. */
export default function work(task: { id: number }): boolean {
  return task.id >= 0;
}
