"""Settings of our own PostgreSQL, for a machine of two cores and a few gigabytes."""

USUAL = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "1",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_completion_target": "0.9",
    "idle_in_transaction_session_timeout": "5min",
    # What people submit must not end up in a log file: slow statements are logged without their values.
    "log_min_duration_statement": "2s",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}

TEST = {
    **USUAL,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    "log_min_duration_statement": "-1",
}


def as_text(settings: dict[str, str]) -> str:
    """Return the settings as a postgresql.conf fragment."""
    lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in sorted(settings.items()))
    return "# Written at every start.\n" + "\n".join(lines) + "\n"
