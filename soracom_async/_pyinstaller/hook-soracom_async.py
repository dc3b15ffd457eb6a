"""The modules that are imported by their names alone, and the files that are no modules."""  # noqa: N999 - PyInstaller's name

from PyInstaller.utils.hooks import collect_data_files, collect_submodules  # type: ignore[import-untyped]

datas = collect_data_files("soracom_async")
hiddenimports = [
    "soracom_async.bulk",
    "soracom_async.files",
    "soracom_async.models",
    *collect_submodules("soracom_async.api"),
]
