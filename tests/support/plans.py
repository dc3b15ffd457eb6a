"""What right requests have that neither rules nor types say: values, bodies, and what has to come before."""

from __future__ import annotations

import json
from typing import Any

from soracom_async._codec.times import Unit
from soracom_async.emulator.state.sims import sim_id

NOW = 1_735_689_600
RECENTLY = NOW - 3600
ALLOW = json.dumps({"statements": [{"api": "*", "effect": "allow"}]})
TRUST = json.dumps({"statements": [{"effect": "allow", "principal": {"soracom": "OP0000000000"}}]})
RULE = {
    "ruleConfig": {"type": "SimExpiredRule", "properties": {"inactiveTimeoutDateConst": "NEVER"}},
    "actionConfigList": [{"type": "SuspendAction", "properties": {"executionDateTimeConst": "IMMEDIATELY"}}],
}
TIMES: dict[Unit | None, Any] = {
    Unit.MILLISECONDS: RECENTLY * 1000,
    Unit.SECONDS: RECENTLY,
    Unit.ISO: "2024-12-31T23:00:00.000Z",
    Unit.MILLISECONDS_OR_SECONDS: RECENTLY * 1000,
    Unit.SECONDS_OR_MILLISECONDS: RECENTLY,
    Unit.DAY_OR_TIME: "20250120",
    Unit.MONTH: "202412",
    Unit.DAY: "20250120",
    Unit.SECOND: "20241231230000",
    None: "a/b",
}
"""A time in the recent past, by its unit; without a unit it is a path with slashes."""

VALUES: dict[str, Any] = {
    "cidr": "10.2.0.0/16",
    "contractName": "harvest",
    "coverage_type": "jp",
    "destinationCidr": "10.2.0.0/16",
    "destinationCidrBlock": "10.2.0.0/16",
    "duration": 60,
    "email": "new@example.com",
    "fqdnPattern": "example.com",
    "instance": "0",
    "ipAddress": "10.1.2.3",
    "key": "x",
    "mcc": "440",
    "mnc": "10",
    "name": "x",
    "namespace": "SoracomBeam",
    "newPassword": "new password",
    "object": "3",
    "outerIpAddress": "203.0.113.9",
    "period": "day",
    "permission": ALLOW,
    "permissions": ALLOW,
    "port": 22,
    "prefix": "/a",
    "resource": "13",
    "resourceId": "$sim_id",
    "resourceType": "sim",
    "resource_id": "$sim_id",
    "resource_summary_type": "simsPerStatus",
    "resource_type": "Sim",
    "scope": "private",
    "speedClass": "s1.fast",
    "subscription": "planX3",
    "tagName": "name",
    "tag_name": "name",
    "/operators/{operator_id}/configuration namespace": "Support",
    "createCredential credentials_id": "abc",
    "createRole role_id": "reader",
    "createUser user_name": "new",
    "deleteDirectory path": "a",
    "deleteSystemNotification type": "billing",
    "deleteVirtualPrivateGatewayIpAddressMapEntry key": "$imsi",
    "executeDeviceResource resource": "4",
    "listFiles path": "a",
    "registerGadget product_id": "button",
    "registerGadget serial_number": "7MF5JB0000000001",
    "registerLoraDevice device_id": "0011223344556677",
    "registerSigfoxDevice device_id": "ABCDEF",
    "registerSim sim_id": "$stray sim",
    "registerSubscriber imsi": "$stray imsi",
    "setSystemNotification type": "billing",
}
"""By the names of parameters and fields, also behind an operation or a collection; `$` stands for what is known."""


def _said(*names):
    """Return what finds a value in an answer."""

    def find(planner, said):
        for name in names:
            said = said[name]
        return said

    return find


def _constant(value):
    return lambda planner, said: value


def _mailed(planner, said):
    return planner.emulator.mails[-1].token


def _code(planner):
    """Return the one-time password of whoever began with a second factor."""
    users = planner.operator.users.values()
    return planner.emulator.one_time_password(next(user for user in users if user.mfa_secret))


def _activation(planner):
    return f"/sims/{planner.known['sim_id']}/activate"


def _other(planner):
    return planner.emulator.add_operator("other@example.com").id


def _first_key(name):
    return lambda planner, said: next(iter(said[name]))


def _in_an_hour(planner):
    return planner.emulator.world.milliseconds() + 3_600_000


async def add_cellular(planner):
    """Add a subscription that waits for its download."""
    sim = planner.known["sim_id"]
    path = f"/sims/{sim}/profiles/{sim}"
    said = await planner.client.post(f"{path}/add_subscription", json={"subscription": "planX3"})
    planner.known["cancelSubscriptionContainerDownload imsi"] = list(said.json()["subscribers"])[-1]


async def later(planner):
    """Let what takes time come to its end."""
    planner.emulator.advance(600)


async def begun(planner):
    """Let what was requested begin."""
    planner.emulator.advance(5)


FROM = {
    "/coupons coupon_code": ("sandboxCreateCoupon", _said("couponCode")),
    "/coupons order_id": ("createCouponQuotation", _said("orderId")),
    "/sims/{sim_id}/packet_capture_sessions session_id": ("createSimPacketCaptureSession", _said("sessionId")),
    "/virtual_private_gateways/{vpg_id}/packet_capture_sessions session_id": (
        "createPacketCaptureSession",
        _said("sessionId"),
    ),
    "/devices device_id": ("createDevice", _said("device_id")),
    "/volume_discounts contract_id": ("confirmVolumeDiscountOrder", _said("contractId")),
    "/volume_discounts order_id": ("createVolumeDiscountQuotation", _said("orderId")),
    "MFA token": ("issueMFARevokingToken", _mailed),
    "address token": ("issueAddEmailToken", _mailed),
    "backup code": ("verifyMFA", _said("backupCodes", 0)),
    "credentials_id": ("createCredential", _said("credentialsId")),
    "customer_tgw_vpc_attachment_id": (
        "createTransitGatewayVpcAttachment",
        _first_key("soracomTransitGatewayVpcAttachments"),
    ),
    "deleteEmail email_id": ("listEmails", _said(1, "emailId")),
    "deletePortMapping port": ("createPortMapping", _said("port")),
    "deleteUserAuthKey auth_key_id": ("generateUserAuthKey", _said("authKeyId")),
    "emailId": ("listEmails", _said(0, "emailId")),
    "exported_file_id": ("exportLatestBilling", _said("exportedFileId")),
    "getDataEntry time": ("getDataEntries", _said(0, "time")),
    "getUserAuthKey auth_key_id": ("generateUserAuthKey", _said("authKeyId")),
    "ip_address": ("createPortMapping", _said("ipAddress")),
    "ipaddr": ("createMirroringPeer", _constant("10.1.2.3")),
    "listRoleVersions role_id": ("listRoles", _said(-1, "roleId")),
    "network set": ("createLoraNetworkSet", _said("networkSetId")),
    "order_id": ("createQuotation", _said("orderId")),
    "payment_transaction_id": ("listPaymentStatements", _said("paymentStatementsList", 0, "paymentStatementId")),
    "product": ("listProducts", _said("productList", 0, "productCode")),
    "product_id": ("listGadgets", _said(0, "productId")),
    "reset token": ("issuePasswordResetToken", _mailed),
    "role_id": ("createRole", _said("roleId")),
    "secret": ("sandboxCreateSubscriber", _said("registrationSecret")),
    "serial_number": ("listGadgets", _said(0, "serialNumber")),
    "shipping address": ("createShippingAddress", _said("shippingAddressId")),
    "soracom_tgw_peering_attachment_id": (
        "createTransitGatewayPeeringConnection",
        _first_key("soracomTransitGatewayPeeringConnections"),
    ),
    "soralet_id": ("createSoralet", lambda planner, said: f"{planner.mark}-soraletId"),
    "stray imsi": ("sandboxCreateSubscriber", _said("imsi")),
    "stray sim": ("sandboxCreateSubscriber", lambda planner, said: sim_id(int(said["imsi"][5:]))),
    "terminateSubscriptionContainer imsi": ("addSubscription", lambda planner, said: list(said["subscribers"])[-1]),
    "token": ("issueSubscriberTransferToken", _said("token")),
    "version": ("uploadSoraletCode", _said("version")),
}
"""What the planner knows by a name once an operation was executed, and how it is found in the answer.

A name is that of a parameter or a field, behind its collection or its operation where it means several things.
"""

FIRST: dict[str, tuple[Any, ...]] = {
    "acceptTransitGatewayVpcAttachmentFromCustomer": ("createTransitGatewayVpcAttachment", later),
    "cancelSubscriptionContainerDownload": (add_cellular,),
    "createArcSession": ("attachArcSimCredentials",),
    "createUserPassword": ("deleteUserPassword",),
    "unsetExpiryTime": ("setExpiryTime",),
    "unsetSimExpiryTime": ("setSimExpiryTime",),
    "deleteConfigurationNamespace": ("putConfigurationParameters",),
    "deleteConfigurationParameter": ("putConfigurationParameters",),
    "deleteDeviceTag": ("putDeviceTags",),
    "deleteDirectory": ("putFile", "deleteFile"),
    "deleteEmail": ("verifyAddEmailToken",),
    "deleteFile": ("putFile",),
    "deleteGadgetTag": ("putGadgetTags",),
    "deleteIgnoreEventHandler": ("setIgnoreEventHandler",),
    "deleteLoraNetworkSetTag": ("putLoraNetworkSetTags",),
    "deleteOperatorConfigurationNamespace": ("setOperatorConfigurationNamespace",),
    "deletePacketCaptureSession": ("createPacketCaptureSession", later),
    "deleteSimPacketCaptureSession": ("createSimPacketCaptureSession", later),
    "stopPacketCaptureSession": ("createPacketCaptureSession", begun),
    "stopSimPacketCaptureSession": ("createSimPacketCaptureSession", begun),
    "deleteSystemNotification": ("setSystemNotification",),
    "deleteVirtualPrivateGatewayIpAddressMapEntry": ("putVirtualPrivateGatewayIpAddressMapEntry",),
    "deleteVirtualPrivateGatewayTag": ("updateVirtualPrivateGatewayTags",),
    "detachRole": ("attachRole",),
    "enableSimBasedRouting": ("openGate",),
    "getCompanyInformation": ("createCompanyInformation",),
    "getFile": ("putFile",),
    "getFileMetadata": ("putFile",),
    "getImageLink": ("registerLagoon",),
    "getIndividualInformation": ("createIndividualInformation",),
    "getOperatorConfigurationNamespace": ("setOperatorConfigurationNamespace",),
    "getOrder": ("confirmOrder",),
    "getPayerInformation": ("registerPayerInformation",),
    "getSoraCamDeviceAtomCamLiveImage": ("updateSoraCamDeviceAtomCamOptionsRealTimeAccess",),
    "issueMFARevokingToken": ("verifyMFA",),
    "listFiles": ("putFile",),
    "listOrderedSubscribers": ("sandboxShipOrder",),
    "listPortMappingsForSim": ("createPortMappingForSim",),
    "listPortMappingsForSubscriber": ("createPortMapping",),
    "registerGatePeer": ("openGate",),
    "registerOrderedSim": ("sandboxShipOrder",),
    "releaseFixedPublicIpAddresses": ("assignFixedPublicIpAddresses",),
    "revokeMFA": ("enableMFA",),
    "revokeUserMFA": ("enableUserMFA",),
    "sandboxShipOrder": ("confirmOrder", later),
    "terminateGadget": ("enableTerminationOnGadget",),
    "terminateLoraDevice": ("enableTerminationOnLoraDevice",),
    "terminateLoraGateway": ("enableTerminationOnLoraGateway",),
    "terminateSigfoxDevice": ("enableTerminationOnSigfoxDevice",),
    "terminateSim": ("enableSimTermination",),
    "terminateSubscriber": ("enableTermination",),
    "testSoralet": ("uploadSoraletCode",),
    "updateCompanyInformation": ("createCompanyInformation",),
    "updateIndividualInformation": ("createIndividualInformation",),
    "updateOrderedResourceInitialSetting": ("confirmOrder",),
    "verifyMFA": ("enableMFA",),
    "verifyUserMFA": ("enableUserMFA",),
    # All of Lagoon begins with its registration.
    **dict.fromkeys(
        (
            "createLagoonUser",
            "deleteLagoonUser",
            "listLagoonLicensePackStatus",
            "listLagoonUsers",
            "terminateLagoon",
            "updateLagoonLicensePack",
            "updateLagoonPlan",
            "updateLagoonUserEmail",
            "updateLagoonUserPassword",
            "updateLagoonUserPermission",
        ),
        ("registerLagoon",),
    ),
}
"""What comes before an operation: others, and time."""

BODIES: dict[str, Any] = {
    "setExpiryTime": {"expiryTime": _in_an_hour},
    "setSimExpiryTime": {"expiryTime": _in_an_hour},
    "addSubscription": {"subscription": "planArc01"},
    "addPermissionToLoraNetworkSet": {"operatorId": _other},
    "assignSoraCamDeviceAtomCamLicense": {"type": "CR7-SC"},
    "attachRole": {"roleId": "$role_id"},
    "auth": {"email": "$root", "password": "$password"},
    "createBatchJob": {"tasks": [{"request": {"method": "POST", "path": _activation}}]},
    "createCredential": {"type": "psk", "credentials": {"key": "c2VjcmV0"}},
    "createDevice": {"online": True, "endpoint": "here"},
    "createDeviceObjectModel": {"objectId": "30000", "objectName": "x"},
    "createEventHandler": {"targetOperatorId": "$operator_id"} | RULE,
    "createLagoonUser": {"userEmail": "new@example.com", "userPassword": "password", "role": "Viewer"},
    "createMirroringPeer": {"ipAddress": "10.1.2.3"},
    "createPortMapping": {"destination": {"imsi": "$imsi", "port": 22}},
    "createQuotation": {
        "orderItemList": [{"productCode": "$product", "quantity": 1}],
        "shippingAddressId": "$shipping address",
    },
    "createSim": {"subscription": "planArc01", "type": "virtual"},
    "createUserPassword": {"password": "password"},
    "createVolumeDiscountQuotation": {"contractTermMonth": 12},
    "createVpcPeeringConnection": {
        "destinationCidrBlock": "10.2.0.0/16",
        "peerOwnerId": "123456789012",
        "peerVpcId": "vpc-1",
    },
    "exportSoraCamDeviceRecordedVideo": {"from": RECENTLY * 1000, "to": (RECENTLY + 60) * 1000},
    "issueMFARevokingToken": {"email": "$root", "password": "$password"},
    "issueAddEmailToken": {"password": "$password"},
    "issuePasswordResetToken": {"email": "$root"},
    "issueSubscriberTransferToken": {
        "transferDestinationOperatorId": "$operator_id",
        "transferDestinationOperatorEmail": "$root",
        "transferImsi": ["$imsi"],
    },
    "putSimBasedRoutingRoutes": {"$sim_id": "10.128.0.9"},
    "putVirtualPrivateGatewayIpAddressMapEntry": {"key": "$imsi", "ipAddress": "10.128.0.9"},
    "registerLagoon": {"plan": "pro", "userPassword": "password"},
    "registerLoraDevice": {"registrationSecret": "secret"},
    "registerSigfoxDevice": {"registrationSecret": "secret"},
    "registerSim": {"registrationSecret": "$secret"},
    "registerSubscriber": {"registrationSecret": "$secret"},
    "revokePermissionFromLoraNetworkSet": {"operatorId": "$operator_id"},
    "sandboxGetSignupToken": {"authKeyId": "$auth_key_id", "authKey": "$auth key"},
    "sandboxInitializeOperator": {"authKeyId": "$auth_key_id", "authKey": "$auth key"},
    "sandboxInsertAirStats": {"unixtime": RECENTLY, "dataTrafficStatsMap": {"s1.fast": {"uploadByteSizeTotal": 1}}},
    "sandboxInsertBeamStats": {"unixtime": RECENTLY, "beamStatsMap": {"inHttp": {"count": 1}}},
    "sandboxShipOrder": {"orderId": "$order_id"},
    "sendDataToLoraDevice": {"data": "0102"},
    "sendDataToSigfoxDevice": {"data": "0102030405060708"},
    "sendSms": {"payload": "text", "encodingType": 1},
    "sendSmsByMsisdn": {"payload": "text", "encodingType": 1},
    "sendSmsToSim": {"payload": "text", "encodingType": 1},
    "setDeviceObjectModelScope": {"scope": "private"},
    "setDeviceGroup": {"groupId": "$group_id"},
    "setGroup": {"groupId": "$group_id"},
    "setLoraDeviceGroup": {"groupId": "$group_id"},
    "setLoraNetworkSet": {"networkSetId": "$network set"},
    "setRoutingFilter": [{"action": "allow", "ipRange": "10.0.0.0/8"}],
    "setSigfoxDeviceGroup": {"groupId": "$group_id"},
    "setSimGroup": {"groupId": "$group_id"},
    "setSystemNotification": {"emailIdList": ["$emailId"], "password": "$password"},
    "startAnalysisQueries": {"sql": "SELECT * FROM SIM_SNAPSHOTS", "from": RECENTLY, "to": NOW},
    "switchUser": {"operatorId": "$operator_id", "userName": "sam"},
    "testSoralet": {"version": "1", "source": {}},
    "updateCredential": {"type": "psk", "credentials": {"key": "c2VjcmV0"}},
    "updateDeviceObjectModel": {"objectId": "30000", "objectName": "y"},
    "updateEventHandler": {"targetOperatorId": "$operator_id"} | RULE,
    "updateLagoonLicensePack": {
        "licensePackQuantities": [{"licensePackName": "basicUser", "desiredQuantity": 1}],
    },
    "updateLagoonPlan": {"plan": "maker"},
    "updateLagoonUserEmail": {"userEmail": "new@example.com"},
    "updateLagoonUserPassword": {"oldPassword": "password", "newPassword": "new password"},
    "updateLagoonUserPermission": {"role": "Viewer"},
    "updateMirroringPeer": [{"key": "description", "value": "x"}],
    "updateOperatorPassword": {"currentPassword": "$password"},
    "updateOrderedResourceInitialSetting": {"simInitialSettings": {}},
    "updateSoraCamLicensePackQuantity": {"currentQuantity": 2, "desiredQuantity": 3},
    "updateUserPassword": {"currentPassword": "$sam password"},
    "updateUserTrustPolicy": {"trustPolicy": TRUST},
    "verifyAddEmailToken": {"token": "$address token"},
    "verifyMFA": {"mfaOTPCode": _code},
    "verifyMFARevokingToken": {
        "email": "$root",
        "password": "$password",
        "token": "$MFA token",
        "backupCode": "$backup code",
    },
    "verifyPasswordResetToken": {"token": "$reset token"},
    "verifySubscriberTransferToken": {"token": "$token"},
    "verifyUserMFA": {"mfaOTPCode": _code},
    "writeDeviceResource": {"value": "2025-01-01T00:00:00Z"},
}
"""Bodies, or the fields of them that are needed beside the required ones."""

QUERIES: dict[str, dict[str, Any]] = {
    "exportLatestBilling": {"export_mode": "async"},
    "getCellLocation": {"lac": "1", "cid": "2"},
    "listRoles": {"owner": "all"},
}
"""Query parameters beside the required ones."""
OTHERWISE = {"putFile": 201, "assignSoraCamDeviceAtomCamLicense": 304}
"""What else than the status of the table is a success: a file that is new, a licence that is there already."""

OTHERS = {"registerCoupon", "registerSim", "registerSubscriber", "verifySubscriberTransferToken"}
"""Operations that are there to take what was another's, or nobody's."""
