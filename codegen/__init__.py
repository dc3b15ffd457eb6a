"""The generator: the official OpenAPI document in, `soracom_async/api/` out. Not shipped.

document.py     the document and where things are in it
units.py        the units of times, durations and sizes
evidence.py     what the service sends and the document does not say, from `evidence.toml`
naming.py       names on the wire, in Python, of classes and of constants
annotations.py  a type as a small tree, and its text
enums.py        which sets of words get a name, and which
schemas.py      schemas -> types and models
operations.py   operations -> what the library needs to know of them
effects.py      what a repetition of an operation would do
always.py       what the service always sends
bodies.py       what a body is called and sent as that is not a JSON object
deprecations.py what to use instead of what is deprecated
groups.py       the words of the command line -> a tree of resource classes
layout.py       which module each thing lives in
render*.py      the text of modules: models, operations, resources, indexes; and of the reference page
table.py        rows filled to the width of a line
write.py        text -> files
"""
