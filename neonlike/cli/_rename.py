"""neonlike's names in the place of neon's, by what a name refers to (libcst)."""

from __future__ import annotations

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider, QualifiedNameProvider

Note = tuple[int, str]

NO_GPU = "neonlike runs on CPUs and has no GPU backend: use gen_backend('cpu')"
LOADER = "the media loader of neon 1.x is gone; see neonlike.data.aeon_shim"

RENAMED = {"DataIterator": "ArrayIterator", "DropoutBinary": "Dropout"}
LOOK_AT = {
    "load_mnist": "load_mnist(...) is MNIST(...).load_data() now",
    "load_cifar10": "load_cifar10(...) is CIFAR10(...).load_data() now",
    "ImageLoader": LOADER,
    "DataLoader": LOADER,
    "NervanaGPU": NO_GPU,
}


def rename(text: str) -> tuple[str, list[Note]]:
    """Return a Python-3 script with neonlike's names, and notes for its author."""
    visitor = _Rename()
    new = MetadataWrapper(cst.parse_module(text)).visit(visitor)
    return new.code, visitor.notes


class _Rename(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider, QualifiedNameProvider)

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Note] = []

    def leave_ImportAlias(
        self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias
    ) -> cst.ImportAlias:
        """``import neon.x``; the names in ``from neon.x import y`` are no heads."""
        if isinstance(self._statement, cst.Import):
            return updated_node.with_changes(name=_with_head(updated_node.name))
        return updated_node

    def visit_Import(self, node: cst.Import) -> None:
        """Remember that the aliases that follow are modules."""
        self._statement: cst.Import | cst.ImportFrom = node

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        """Remember that the aliases that follow are names."""
        self._statement = node

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        """``from neon.x import y``."""
        module, aliases = updated_node.module, updated_node.names
        if updated_node.relative or module is None or _head(module).value != "neon":
            return updated_node
        if not isinstance(aliases, cst.ImportStar):
            self._note_imports(original_node)
            aliases = [_renamed(alias) for alias in aliases]
        return updated_node.with_changes(module=_with_head(module), names=aliases)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        """``neon.x`` after ``import neon.x``, and names of neon 1.x that were imported."""
        meaning = self._meaning(original_node)
        if meaning == "neon" and updated_node.value == "neon":
            return updated_node.with_changes(value="neonlike")
        name = updated_node.value
        if meaning.startswith("neon.") and meaning.endswith(f".{name}") and name in RENAMED:
            return updated_node.with_changes(value=RENAMED[name])
        return updated_node

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        """Attributes of modules of neon, and methods of neon 1.x."""
        name = updated_node.attr.value
        new = RENAMED.get(name) if self._meaning(original_node).startswith("neon.") else None
        if name == "clip_gradient_value":
            new = "clip_value"
        return updated_node.with_changes(attr=cst.Name(new)) if new else updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        """Calls of ``gen_backend``."""
        func = updated_node.func
        name = func.attr if isinstance(func, cst.Attribute) else func
        if not isinstance(name, cst.Name) or name.value != "gen_backend":
            return updated_node
        if any(_is_gpu(arg.value) for arg in updated_node.args):
            self._note(original_node, NO_GPU)
        return updated_node.with_changes(args=[_new_argument(arg) for arg in updated_node.args])

    def _meaning(self, node: cst.CSTNode) -> str:
        """Return the dotted path that a name was imported from, '' for other names."""
        found = self.get_metadata(QualifiedNameProvider, node, set())
        imported = [each.name for each in found if each.source.name == "IMPORT"]
        return imported[0] if imported else ""

    def _note_imports(self, node: cst.ImportFrom) -> None:
        for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
            if alias.evaluated_name in LOOK_AT:
                self._note(node, LOOK_AT[alias.evaluated_name])

    def _note(self, node: cst.CSTNode, text: str) -> None:
        self.notes.append((self.get_metadata(PositionProvider, node).start.line, text))


def _head(module: cst.BaseExpression) -> cst.Name:
    """Return the first name of a dotted path."""
    while isinstance(module, cst.Attribute):
        module = module.value
    return cst.ensure_type(module, cst.Name)


def _with_head(module: cst.BaseExpression) -> cst.BaseExpression:
    """Return a dotted path with ``neonlike`` as its first name, if that is ``neon``."""
    head = _head(module)
    if head.value != "neon":
        return module
    return cst.ensure_type(
        module.deep_replace(head, head.with_changes(value="neonlike")), type(module)
    )


def _renamed(alias: cst.ImportAlias) -> cst.ImportAlias:
    new = RENAMED.get(alias.evaluated_name)
    return alias.with_changes(name=cst.Name(new)) if new else alias


def _is_gpu(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.SimpleString) and value.evaluated_value == "gpu"


def _new_argument(argument: cst.Arg) -> cst.Arg:
    if argument.keyword is None or argument.keyword.value != "default_dtype":
        return argument
    return argument.with_changes(keyword=cst.Name("datatype"))
