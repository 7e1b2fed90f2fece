// Edits of a design in JSON. Every edit takes a design and returns { design, selected } with the paths that are selected
// afterwards, or null where there is nothing to do.
//
// A path is [place, stack, place, …]: odd positions name one of the stacks of a block. BLOCKS says which fields of a
// block hold its stacks.

const samePath = (first, second) => first.length === second.length && first.every((part, index) => part === second[index])
const isInside = (path, block) => path.length > block.length && block.every((part, index) => part === path[index])
const parsePath = (text) => text.split(".").map(Number)
const parentStack = (path) => path.slice(0, -1)

const stackFields = (layer) => BLOCKS[layer.kind] ?? []
const stacksOf = (layer) => stackFields(layer).flatMap(({ name, repeated }) => (repeated ? layer[name] : [layer[name]]))

// The field of the stack with a number, and the stack's index in that field.
const stackPlace = (layer, number) =>
  stackFields(layer).flatMap((field) =>
    field.repeated ? layer[field.name].map((_, index) => ({ field, index })) : [{ field, index: null }],
  )[number]

// The field to which a block can still add a stack; undefined where there is none.
const extensibleField = (layer) =>
  stackFields(layer).find(({ name, repeated, most }) => repeated && (most === null || layer[name].length < most))

const canRemoveStack = (layer, number) => {
  const { field } = stackPlace(layer, number)
  return field.repeated && layer[field.name].length > field.least
}

const stackAt = (design, path) => {
  let stack = design.layers
  for (let i = 0; i + 1 < path.length; i += 2) stack = stacksOf(stack[path[i]])[path[i + 1]]
  return stack
}

const layerAt = (design, path) => stackAt(design, path)[path.at(-1)]

const walkStack = (stack, prefix, visit) =>
  stack.forEach((layer, index) => {
    if (!layer) return
    visit(layer, [...prefix, index])
    stacksOf(layer).forEach((inner, number) => walkStack(inner, [...prefix, index, number], visit))
  })

// Every layer with its path, from the input of the net to its output.
const listLayers = (design) => {
  const layers = []
  walkStack(design.layers, [], (layer, path) => layers.push({ layer, path }))
  return layers
}

const pathsOf = (design, layers) =>
  listLayers(design)
    .filter(({ layer }) => layers.includes(layer))
    .map(({ path }) => path)

// Those of the paths that lie inside no other one, from the input of the net to its output.
const outermostPaths = (design, paths) => {
  const outermost = paths.filter((path) => !paths.some((other) => isInside(path, other)))
  return listLayers(design)
    .map(({ path }) => path)
    .filter((path) => outermost.some((other) => samePath(path, other)))
}

// Replaces layers with null, so that all other paths stay valid; `removeNulls` removes these nulls.
const replaceWithNulls = (design, paths) =>
  paths.map((path) => {
    const stack = stackAt(design, path)
    const layer = stack[path.at(-1)]
    stack[path.at(-1)] = null
    return layer
  })

const removeNulls = (stack) => {
  for (let i = stack.length - 1; i >= 0; i--) {
    if (stack[i]) stacksOf(stack[i]).forEach(removeNulls)
    else stack.splice(i, 1)
  }
}

const moveLayers = (old, paths, target) => {
  const design = structuredClone(old)
  const chosen = outermostPaths(design, paths)
  if (!chosen.length || chosen.some((path) => isInside(target, path))) return null
  const stack = stackAt(design, target)
  const layers = replaceWithNulls(design, chosen)
  stack.splice(target.at(-1), 0, ...layers)
  removeNulls(design.layers)
  if (JSON.stringify(design) === JSON.stringify(old)) return null
  return { design, selected: pathsOf(design, layers) }
}

// Selects what then takes the place of the first removed layer, or else the last layer of the net.
const removeLayers = (old, paths) => {
  const design = structuredClone(old)
  const chosen = outermostPaths(design, paths)
  if (!chosen.length) return null
  const first = chosen[0]
  replaceWithNulls(design, chosen)
  removeNulls(design.layers)
  const remaining = listLayers(design).map(({ path }) => path)
  const next = remaining.find((path) => samePath(path, first)) ?? remaining.at(-1)
  return { design, selected: next ? [next] : [] }
}

const duplicateLayers = (old, paths) => {
  const design = structuredClone(old)
  const chosen = outermostPaths(design, paths)
  if (!chosen.length) return null
  const last = chosen.at(-1)
  const copies = chosen.map((path) => structuredClone(layerAt(design, path)))
  stackAt(design, last).splice(last.at(-1) + 1, 0, ...copies)
  return { design, selected: pathsOf(design, copies) }
}

// Moves by one place, up (-1) or down (1); at either end of a stack inside a block, out of the block.
const shiftLayers = (old, paths, step) => {
  const chosen = outermostPaths(old, paths)
  if (!chosen.length) return null
  const edge = step < 0 ? chosen[0] : chosen.at(-1)
  const place = edge.at(-1) + (step < 0 ? -1 : 2)
  if (place >= 0 && place <= stackAt(old, edge).length) return moveLayers(old, chosen, [...parentStack(edge), place])
  if (edge.length < 3) return null
  const block = edge.slice(0, -2)
  return moveLayers(old, chosen, [...parentStack(block), block.at(-1) + (step < 0 ? 0 : 1)])
}

// Moves to the end of the first stack of the block right above.
const moveIntoBlock = (old, paths) => {
  const chosen = outermostPaths(old, paths)
  if (!chosen.length || chosen[0].at(-1) === 0) return null
  const above = [...parentStack(chosen[0]), chosen[0].at(-1) - 1]
  const [stack] = stacksOf(layerAt(old, above))
  return stack ? moveLayers(old, chosen, [...above, 0, stack.length]) : null
}

// Moves to the place right after the block.
const moveOutOfBlock = (old, paths) => {
  const chosen = outermostPaths(old, paths)
  if (!chosen.length || chosen[0].length < 3) return null
  const block = chosen[0].slice(0, -2)
  return moveLayers(old, chosen, [...parentStack(block), block.at(-1) + 1])
}

const addStack = (old, path) => {
  const design = structuredClone(old)
  const block = layerAt(design, path)
  block[extensibleField(block).name].push([])
  return { design, selected: [path] }
}

const removeStack = (old, path, number) => {
  const design = structuredClone(old)
  const block = layerAt(design, path)
  const { field, index } = stackPlace(block, number)
  block[field.name].splice(index, 1)
  return { design, selected: [path] }
}
