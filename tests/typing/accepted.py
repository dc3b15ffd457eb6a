"""Typical calls of every group, with the types that they give: mypy strict and pyright accept all of it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, assert_type

from soracom_async import (
    AuthKey,
    Page,
    Pages,
    Soracom,
    files,
    json_default,
    models,
    operations,
    tables,
)
from soracom_async.api import _shared as shared
from soracom_async.api import (
    analysis,
    audit_log,
    auth,
    batch,
    billing,
    cell_location,
    credential,
    device_object_model,
    diagnostic,
    email,
    event_handler,
    file_entry,
    gadget,
    group,
    lagoon,
    log,
    lora_device,
    lora_network_set,
    operator,
    order,
    payment,
    port_mapping,
    resource_summary,
    sandbox,
    shipping_address,
    sim,
    sim_profile_order,
    sora_cam,
    soralet,
    stats,
    system_notification,
    virtual_private_gateway,
)

NOW = datetime.now(UTC)
soracom = Soracom(AuthKey("keyId-1", "secret-1"))


async def sims() -> None:
    pages = soracom.sims.list(limit=100)
    assert_type(pages, Pages[shared.Sim])
    async for each in pages:
        assert_type(each.sim_id, str)
        assert_type(each.created_time, datetime | None)
        assert_type(each.tags, dict[str, str] | None)
        if each.session_status is not None:
            assert_type(each.session_status.online, bool | None)
        assert_type(each.extra, dict[str, Any])
    async for page in pages.by_page():
        assert_type(page, Page[shared.Sim])
        soracom.sims.list(last_evaluated_key=page.next_key)
    assert_type(await soracom.sims.get("89"), shared.Sim)
    assert_type(await soracom.sims.update_speed_class("89", speed_class="s1.fast"), shared.Sim)
    body = shared.UpdateSpeedClassRequest(speed_class="s2.unheard-of")
    assert_type(await soracom.sims.update_speed_class("89", body=body), shared.Sim)
    tags = [shared.TagUpdateRequest(tag_name="site", tag_value="north")]
    assert_type(await soracom.sims.put_tags("89", tags=tags), shared.Sim)
    assert_type(await soracom.sims.put_tags("89", body=tags), shared.Sim)
    await soracom.sims.put_tags("89", tags=[{"tagName": "site", "tagValue": "north"}, tags[0]])
    await soracom.sims.downlink_ssh("89", username="a", command="b", authentication={"type": "none"})
    for moment in (NOW, 1_700_000_000_000):
        soracom.sims.session_events("89", from_=moment, to=moment)
    assert_type(await soracom.sims.downlink_rtsp("89", command="snapshot"), bytes)
    assert_type(await soracom.sims.attach_arc_credentials("89"), sim.ArcCredentialAttachResponse)


async def subscribers() -> None:
    assert_type(soracom.subscribers.list(tag_name="a", tag_value="b"), Pages[shared.Subscriber])
    assert_type(await soracom.subscribers.get("001"), shared.Subscriber)
    assert_type(soracom.query.sims(name=["a", "b"]), Pages[shared.Sim])
    ranking = await soracom.query.subscribers.traffic_volume_ranking(from_=NOW, to=NOW)
    assert_type(ranking[0].imsi, str | None)
    found = await soracom.sim_profile_orders.get("1")
    assert_type(found, sim_profile_order.SimProfileOrderResponse)
    assert_type(await soracom.resource_summaries.get("simsPerStatus"), resource_summary.ResourceSummary)


async def groups() -> None:
    assert_type(soracom.groups.list(), Pages[group.Group])
    assert_type(await soracom.groups.create(tags={"name": "north"}), group.Group)
    parameters = [group.GroupConfigurationUpdateRequest(key="useCustomDns", value=True)]
    assert_type(await soracom.groups.put_config("1", "SoracomAir", parameters=parameters), group.Group)
    assert_type(await soracom.groups.delete("1"), None)
    assert_type(soracom.batch_groups.list(), Pages[batch.BatchGroupResponse])
    job = await soracom.batch_groups.jobs.get("1", "2")
    assert_type(job.job_id, str)


async def data_and_files(stream: AsyncIterable[bytes]) -> None:
    assert_type(soracom.data.get_entries("Sim", "89", from_=NOW, sort="asc"), Pages[shared.DataEntry])
    assert_type(soracom.files.find(scope="private", prefix="logs/"), Pages[file_entry.FileEntry])
    assert_type(await soracom.files.get("private", "logs/today.txt"), bytes)
    assert_type(await soracom.files.get_metadata("private", "logs/today.txt"), dict[str, str])
    for content in (b"bytes", "text", Path("file"), stream):
        assert_type(await soracom.files.put("private", "a/b", content=content, content_type="text/plain"), None)
    assert_type(await soracom.soralets.upload("s", content=Path("code.wasm")), soralet.SoraletVersion)
    watched = files.with_progress(stream, lambda done, total: None)
    assert_type(await soracom.files.put("private", "a/b", content=watched), None)
    async with soracom.stream("getFile", scope="private", path="a") as answer:
        assert_type(answer, files.Download)
        assert_type(answer.length, int | None)
        async for chunk in answer:
            assert_type(chunk, bytes)
        assert_type(await answer.read(), bytes)
        assert_type(await answer.save(Path("file"), progress=lambda done, total: None), int)
    assert_type(await soracom.download("https://storage.test/a", to="file"), int)
    query = await soracom.analysis.queries.start(sql="SELECT 1", from_=NOW, to=NOW)
    assert_type(query, analysis.StartAnalysisQueriesResponse)


async def cameras() -> None:
    assert_type(await soracom.sora_cam.devices.list(), list[sora_cam.SoraCamDevice])
    both = soracom.sora_cam.devices.recordings_and_events.list_for_device("1", from_=NOW)
    async for each in both:
        if isinstance(each, sora_cam.SoraCamRecordingsAndEventsListEvents):
            continue
        assert_type(each, sora_cam.SoraCamRecordingsAndEventsListRecords)
    soracom.sora_cam.devices.events.list(last_evaluated_key=1_700_000_000_000)
    soracom.sora_cam.devices.events.list(last_evaluated_key="1700000000000")
    await soracom.sora_cam.devices.data.create_entry("1", data={"any": "JSON"})
    await soracom.sora_cam.devices.data.create_entry("1", data=b"bytes", content_type="image/png")
    await soracom.sora_cam.devices.atom_cam.settings.set_rotation("1", state=180)
    export = await soracom.sora_cam.devices.videos.export("1", from_=NOW, to=NOW)
    assert_type(export.export_id, str)


async def networks() -> None:
    assert_type(await soracom.vpg.open_gate("1"), None)
    assert_type(soracom.vpg.list(), Pages[virtual_private_gateway.VirtualPrivateGateway])
    await soracom.vpg.put_sim_based_routing_routes("1", routes={"89": "10.0.0.0/24"})
    assert_type(soracom.lora_devices.list(), Pages[lora_device.LoraDevice])
    assert_type(await soracom.lora_gateways.get("1"), shared.LoraGateway)
    assert_type(soracom.lora_network_sets.list(), Pages[lora_network_set.LoraNetworkSet])
    assert_type(await soracom.sigfox_devices.get("1"), shared.SigfoxDevice)
    assert_type(await soracom.gadgets.get("button", "1"), gadget.Gadget)
    assert_type(soracom.devices.list_object_models(), Pages[device_object_model.DeviceObjectModel])
    destination = port_mapping.PortMappingDestination(imsi="001", port=22)
    assert_type(await soracom.port_mappings.create(destination=destination), port_mapping.PortMapping)
    cells = [cell_location.CellIdentifier(mcc="440", mnc="10")]
    assert_type(await soracom.cell_locations.batch_get(cells=cells), list[cell_location.CellLocation])
    check = await soracom.diagnostics.send_request(resource_id="89", resource_type="sim", service="Air")
    assert_type(check, diagnostic.DiagnosticResponse)
    assert_type(await soracom.stats.air.get("001", from_=NOW, to=NOW, period="day"), list[stats.AirStatsResponse])
    assert_type(await soracom.stats.harvest.operators.get(year_month="202405"), stats.HarvestExportedDataStatsResponse)
    assert_type(soracom.logs.get(resource_type="Subscriber"), Pages[log.LogEntry])
    assert_type(soracom.audit_logs.api.get(from_epoch_ms=NOW), Pages[audit_log.APIAuditLogEntry])


async def by_name(sim: models.Sim, word: models.SpeedClass) -> models.Group:
    assert_type(sim, shared.Sim)
    assert_type(await soracom.sims.update_speed_class(sim.sim_id, speed_class=word), models.Sim)
    assert_type(operations["getSim"].path, str)
    await soracom.request("GET", "/things", params={"limit": 1}, headers={"accept": "*/*"}, group="Sim")
    return await soracom.groups.get("1")


async def times() -> None:
    one = await soracom.groups.get("1")
    assert_type(one.created_time, datetime | None)
    at = await soracom.operator.get()
    assert_type(at.create_date, datetime | date | None)
    assert_type(await soracom.bills.get(202405), billing.MonthlyBill)
    assert_type((await soracom.bills.get("202405")).year_month, date | None)
    await soracom.volume_discounts.create(
        contract_term_month=12,
        quantity=1,
        volume_discount_payment_type="MONTHLY",
        volume_discount_type="SORACOM_AIR_BASIC_CHARGE",
        start_date=NOW,
    )
    async for entry in soracom.data.get_entries("Sim", "89"):
        assert_type(entry.time, datetime | None)
        if entry.time is not None:
            await soracom.data.delete_entry("Sim", "89", entry.time)


async def people() -> None:
    assert_type(await soracom.operator.get(), operator.GetOperatorResponse)
    assert_type(await soracom.operator.get("OP1"), operator.GetOperatorResponse)
    assert_type(await soracom.operator.auth_keys.list(), list[shared.AuthKeyResponse])
    assert_type(await soracom.users.get("me"), shared.UserDetailResponse)
    assert_type(await soracom.users.get("me", operator_id="OP1"), shared.UserDetailResponse)
    await soracom.users.password.update("me", current_password="a", new_password="b")
    assert_type(await soracom.roles.list(owner="operator"), list[shared.ListRolesResponse])
    assert_type(await soracom.emails.list(), list[email.EmailsModel])
    assert_type(await soracom.auth.switch_user(operator_id="OP1", user_name="me"), auth.AuthResponse)
    assert_type(await soracom.credentials.list(), list[credential.CredentialsModel])
    notification = await soracom.system_notifications.get("primary")
    assert_type(notification, system_notification.SystemNotificationsModel)
    assert_type(await soracom.event_handlers.list(), list[event_handler.EventHandlerModel])
    assert_type(await soracom.lagoon.users.list(), list[lagoon.LagoonUser])
    made = await soracom.sandbox.init(auth_key="a", auth_key_id="b", email="c", password="d")
    assert_type(made, sandbox.SandboxAuthResponse)


async def money() -> None:
    assert_type(await soracom.bills.get("202405"), billing.MonthlyBill)
    assert_type(await soracom.bills.get(date(2024, 5, 1)), billing.MonthlyBill)
    assert_type(await soracom.orders.get("1"), order.GetOrderResponse)
    assert_type(await soracom.coupons.create(amount=10), order.EstimatedCouponModel)
    assert_type(await soracom.products.list(), order.ListProductResponse)
    assert_type(await soracom.volume_discounts.list(), payment.ListVolumeDiscountResponse)
    assert_type(await soracom.payer_information.get(), payment.RegisterPayerInformationModel)
    assert_type(await soracom.payment_history.get("1"), payment.GetPaymentTransactionResult)
    assert_type(await soracom.payment_methods.get_current(), payment.GetPaymentMethodResult)
    assert_type(await soracom.payment_statements.list(), payment.ListPaymentStatementResponse)
    address = await soracom.shipping_addresses.create(address_line1="a", city="b", state="c", zip_code="d")
    assert_type(address, shipping_address.GetShippingAddressResponse)


def conversions() -> None:
    sim_ = models.Sim.from_dict({"simId": "1"})
    assert_type(sim_, models.Sim)
    assert_type(sim_.replace(status="active"), models.Sim)
    assert_type(sim_.to_dict(), dict[str, Any])
    json.dumps([sim_], default=json_default)


async def fleet_tables(sims: list[models.Sim]) -> None:
    for row in tables.rows(sims, columns=["sim_id"]):
        assert_type(row, dict[str, Any])
    async for row in tables.rows(soracom.sims.list(), columns={"local_info.temp": float}):
        assert_type(row, dict[str, Any])
    assert_type(await tables.write_csv(soracom.sims.list(), "a.csv", zone="Asia/Tokyo"), int)
    assert_type(await tables.write_jsonl(iter([{"a": 1}]), sys.stdout.buffer), int)
    assert_type(await tables.write_excel(sims, Path("a.xlsx"), model=models.Sim, zone=UTC), int)
    assert_type(tables.columns(models.Sim), tuple[tables.Column, ...])
