"""Where soracom_async meets other libraries; each module imports the one that it is named after."""
